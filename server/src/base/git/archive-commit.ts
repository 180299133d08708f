import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { SpooledFile } from '../spool.ts'
import { type GitExcess, missingRef, refusedRef, tooLarge } from './git-errors.ts'
import { isCommitId } from './git-ref.ts'
import type { GitDeps, GitLimits, GitSource } from './git-requests.ts'
import { useRepository, type WorkRepository } from './use-repository.ts'

interface ArchiveRequest {
  readonly source: GitSource
  readonly commit: string
  readonly limits: GitLimits
}

/** `Git.archiveCommit`. */
export async function archiveCommit(deps: GitDeps, { source, commit, limits }: ArchiveRequest): Promise<SpooledFile> {
  if (!isCommitId(commit)) throw refusedRef(commit, 'it is not a complete commit id')
  return useRepository(deps, { source, limits, idLength: commit.length }, async (repository) => {
    await fetchCommit(repository, commit)
    return writeArchive(deps, repository, commit)
  })
}

const FETCH = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head']

async function fetchCommit(repository: WorkRepository, commit: string): Promise<void> {
  const shallow = await repository.run([...FETCH, '--depth=1', 'origin', commit])
  if (shallow.status !== 0 && /unadvertised object|support shallow/.test(shallow.stderr)) {
    // Older servers hand out the tips of refs only: the commit comes with everything else.
    repository.check(await repository.run([...FETCH, 'origin', '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']))
  } else if (/not our ref|couldn't find remote ref/i.test(shallow.stderr)) {
    throw missingRef(repository.url, commit)
  } else {
    repository.check(shallow)
  }
  const { stdout } = await repository.run(['cat-file', '-t', commit])
  if (stdout.trim() !== 'commit') throw missingRef(repository.url, commit)
}

async function writeArchive({ spool }: GitDeps, repository: WorkRepository, commit: string): Promise<SpooledFile> {
  const { url, limits } = repository
  const archive = repository.start(['archive', '--format=tar', commit])
  const gzip = createGzip({ level: 1 })
  const archived = boundBytes(url, { what: 'archive bytes', limit: limits.maxArchiveBytes })
  pipeline(archive.stdout, boundBytes(url, { what: 'tar bytes', limit: limits.maxTarBytes }), gzip).catch(() => archive.kill())
  try {
    const file = await spool.receive(archived(gzip), { maxBytes: limits.maxArchiveBytes })
    // A program that was ended leaves a stream that looks complete.
    await keepWhen(file, async () => repository.check(await archive.exit))
    return file
  } finally {
    archive.kill()
    await archive.exit
  }
}

async function keepWhen(file: SpooledFile, check: () => Promise<void>): Promise<void> {
  try {
    await check()
  } catch (error) {
    await file.discard()
    throw error
  }
}

/** Passes chunks on, up to a limit. */
function boundBytes(url: URL, excess: GitExcess) {
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    let bytes = 0
    for await (const chunk of chunks) {
      bytes += chunk.length
      if (bytes > excess.limit) throw tooLarge(url, excess)
      yield chunk
    }
  }
}
