import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import { startDeadline } from '../outbound/deadline.ts'
import { findEndpoint } from './find-endpoint.ts'
import { gitEnvironment, repositoryOf } from './git-environment.ts'
import { explainFailure } from './git-errors.ts'
import type { GitLimits, GitOptions, GitSource } from './git-requests.ts'
import { parseGitUrl } from './git-source.ts'
import { findGitVersion, type GitExit, type GitProcess, runGit, startGit } from './run-git.ts'
import { type BoundedGit, DEFAULT_GIT_LIMITS, watchRepository } from './watch-repository.ts'

/** An empty repository of one operation, whose `origin` is the upstream. */
export interface WorkRepository {
  readonly url: URL
  readonly limits: BoundedGit
  /** Over when the time or a limit is. */
  readonly signal: AbortSignal
  /** Runs to the end and answers its output, whatever the status. */
  run(args: readonly string[]): Promise<GitExit & { readonly stdout: string }>
  start(args: readonly string[]): GitProcess
  /** @throws {RegistryError} for a failed command */
  check(exit: GitExit): void
}

export interface RepositoryRequest {
  readonly source: GitSource
  readonly limits: GitLimits
  /** Length of commit ids; 40 by default, 64 is SHA-256. */
  readonly idLength?: number
}

const STALL_SECONDS = 30

/** Lends an empty repository; its processes and files are gone when this settles. */
export async function useRepository<T>(
  options: GitOptions,
  request: RepositoryRequest,
  use: (repository: WorkRepository) => Promise<T>,
): Promise<T> {
  const limits: BoundedGit = { ...DEFAULT_GIT_LIMITS, ...request.limits }
  options.outbound.requireOpen(request.source.url)
  using deadline = startDeadline(parseGitUrl(request.source.url), limits.timeoutMs, request.limits.signal)
  await findGitVersion(options.searchPath)
  const { url: text, caFile } = request.source
  const endpoint = await findEndpoint(options.outbound, { url: text, caFile, timeoutMs: limits.timeoutMs, signal: deadline.signal })
  const { path: folder } = await options.spool.reserve()
  try {
    const trusted = await prepareFolder(folder, request)
    const { proxyUrl } = options
    using watch = watchRepository({ folder, url: endpoint.url, limits, signal: deadline.signal })
    const stallSeconds = Math.max(1, Math.min(STALL_SECONDS, Math.ceil(limits.timeoutMs / 1000)))
    const command = {
      environment: gitEnvironment({ folder, endpoint, proxyUrl, caFile: trusted, stallSeconds }),
      folder,
      searchPath: options.searchPath,
      signal: watch.signal,
      maxFileBytes: limits.maxRepositoryBytes,
    }
    const answer = await use({
      url: endpoint.url,
      limits,
      signal: watch.signal,
      run: (args) => runGit({ ...command, args }),
      start: (args) => startGit({ ...command, args }),
      check({ status, stderr }) {
        watch.signal.throwIfAborted()
        if (status !== 0) throw explainFailure(endpoint.url, stderr)
      },
    })
    return answer
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What overrides the attributes of every commit: what is read is what was committed. */
const NO_ATTRIBUTES = '* -export-ignore -export-subst -text !eol !crlf -ident -filter !working-tree-encoding\n'

/** A bare repository as `git init` makes it, but without hooks; answers the file of trusted CAs. */
async function prepareFolder(folder: string, { source, idLength = 40 }: RepositoryRequest): Promise<string> {
  const repository = repositoryOf(folder)
  for (const name of ['objects', 'refs', 'info']) await mkdir(join(repository, name), { recursive: true, mode: 0o700 })
  const format =
    idLength === 40 ? '\trepositoryformatversion = 0\n' : '\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n'
  await writeFile(join(repository, 'config'), `[core]\n\tbare = true\n${format}`)
  await writeFile(join(repository, 'HEAD'), 'ref: refs/heads/none\n')
  await writeFile(join(repository, 'info', 'attributes'), NO_ATTRIBUTES)
  const trusted = join(folder, 'trusted.pem')
  const own = source.caFile === undefined ? [] : [await readFile(source.caFile, 'utf8')]
  await writeFile(trusted, [...getCACertificates('default'), ...own].join('\n'))
  return trusted
}
