import { rm } from 'node:fs/promises'
import { startDeadline } from '../outbound/deadline.ts'
import { findEndpoint } from './find-endpoint.ts'
import { gitEnvironment } from './git-environment.ts'
import { explainFailure } from './git-errors.ts'
import type { GitDeps, GitLimits, GitSource } from './git-requests.ts'
import { parseGitUrl } from './git-url.ts'
import { prepareFolder } from './prepare-folder.ts'
import { type GitExit, type GitProcess, runGit, startGit } from './run-git.ts'
import { type BoundedGit, checkRepository, DEFAULT_GIT_LIMITS, watchRepository } from './watch-repository.ts'

/** An empty repository of one operation, whose `origin` is the upstream. */
export interface WorkRepository {
  /** After redirects. */
  readonly url: URL
  readonly limits: BoundedGit
  /**
   * Runs `git` to its end and answers its output, whatever the status.
   * @throws {RegistryError} when the time or a limit is over
   */
  run(args: readonly string[]): Promise<GitExit & { readonly stdout: string }>
  /** The same, with the output as a stream. */
  start(args: readonly string[]): GitProcess
  /** @throws {RegistryError} unless the status is 0 */
  check(exit: GitExit): void
}

export interface RepositoryRequest {
  readonly source: GitSource
  readonly limits: GitLimits
  /** Digits of a commit id; 40 by default, 64 is SHA-256. */
  readonly idLength?: number
}

/** Lends an empty repository; its processes and files are gone when this settles. */
export async function useRepository<T>(
  deps: GitDeps,
  request: RepositoryRequest,
  use: (repository: WorkRepository) => Promise<T>,
): Promise<T> {
  const { url, caFile } = request.source
  const limits: BoundedGit = { ...DEFAULT_GIT_LIMITS, ...request.limits }
  deps.outbound.requireOpen(url)
  using deadline = startDeadline(parseGitUrl(url), limits.timeoutMs, request.limits.signal)
  const { signal } = deadline
  await deps.findVersion()
  const endpoint = await findEndpoint(deps.outbound, { url, caFile, timeoutMs: limits.timeoutMs, signal })
  const { path: folder } = await deps.spool.reserve()
  try {
    await prepareFolder(folder, { caFile, idLength: request.idLength ?? 40 })
    const environment = gitEnvironment({ folder, endpoint, proxyUrl: deps.proxyUrl, timeoutMs: limits.timeoutMs })
    using watch = watchRepository({ folder, url: endpoint.url, limits, signal })
    return await use(openRepository({ deps, folder, environment, url: endpoint.url, limits, signal: watch.signal }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const MAX_OVERSHOOT_BYTES = 1 << 20

interface OpenedRepository {
  readonly deps: GitDeps
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly url: URL
  readonly limits: BoundedGit
  readonly signal: AbortSignal
}

function openRepository({ deps, folder, environment, url, limits, signal }: OpenedRepository): WorkRepository {
  // The system stops a file that grows between two looks; being over the limit it is then seen.
  const maxFileBytes = limits.maxRepositoryBytes + MAX_OVERSHOOT_BYTES
  const command = { environment, folder, searchPath: deps.searchPath, signal, maxFileBytes }
  return {
    url,
    limits,
    async run(args) {
      const answer = await runGit({ ...command, args })
      // What is small in time is never seen growing.
      await checkRepository({ folder, url, limits })
      return answer
    },
    start: (args) => startGit({ ...command, args }),
    check({ status, stderr }) {
      signal.throwIfAborted()
      if (status !== 0) throw explainFailure(url, stderr)
    },
  }
}
