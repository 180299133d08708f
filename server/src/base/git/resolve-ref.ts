import { missingRef } from './git-errors.ts'
import { checkRef, fullRefNames, isCommitId, isShortCommitId } from './git-ref.ts'
import type { GitDeps, GitLimits, GitSource } from './git-requests.ts'
import { parseGitUrl } from './git-url.ts'
import { useRepository, type WorkRepository } from './use-repository.ts'

interface ResolveRequest {
  readonly source: GitSource
  readonly ref: string | undefined
  readonly limits: GitLimits
}

/** `Git.resolveRef`. */
export async function resolveRef(deps: GitDeps, { source, ref, limits }: ResolveRequest): Promise<string> {
  parseGitUrl(source.url)
  if (ref !== undefined) checkRef(ref)
  const id = ref?.toLowerCase() ?? ''
  if (isCommitId(id)) return id
  return useRepository(deps, { source, limits }, async (repository) => {
    const listed = await findListedRef(repository, ref)
    const commit = listed ?? (isShortCommitId(id) ? await findByHistory(repository, id) : undefined)
    if (commit === undefined) throw missingRef(repository.url, ref ?? 'HEAD')
    return commit
  })
}

/** The id behind the first name that the upstream has; of an annotated tag the commit (`^{}`). */
async function findListedRef(repository: WorkRepository, ref: string | undefined): Promise<string | undefined> {
  const names = fullRefNames(ref)
  const answer = await repository.run(['ls-remote', '--quiet', '--', 'origin', ...names.flatMap((name) => [name, `${name}^{}`])])
  repository.check(answer)
  const ids = new Map(
    answer.stdout
      .split('\n')
      .map((line) => line.split('\t') as [string, string])
      .map(([id, name]) => [name, id]),
  )
  const found = names.flatMap((name) => [`${name}^{}`, name]).find((name) => ids.has(name))
  const id = found === undefined ? undefined : ids.get(found)
  return id !== undefined && isCommitId(id) ? id : undefined
}

/** Commits only, where the upstream can leave out the rest. */
async function findByHistory(repository: WorkRepository, id: string): Promise<string | undefined> {
  repository.check(
    await repository.run([
      'fetch',
      '--quiet',
      '--no-write-fetch-head',
      '--filter=tree:0',
      'origin',
      '+refs/heads/*:refs/heads/*',
      '+refs/tags/*:refs/tags/*',
    ]),
  )
  const { stdout } = await repository.run(['rev-parse', '--verify', '--quiet', '--end-of-options', `${id}^{commit}`])
  return isCommitId(stdout.trim()) ? stdout.trim() : undefined
}
