import { type ErrorCode, RegistryError } from '../../base/errors.ts'

/** Why one provider cannot be locked. */
export interface LockProblem {
  /** As lock files write it. */
  readonly address: string
  readonly code: ErrorCode
  /** A phrase that goes on from `Cannot lock "ADDRESS":`. */
  readonly state: string
}

/** Problems that a message names; the rest is only counted. */
const SHOWN_PROBLEMS = 20

const HINTS: Partial<Record<ErrorCode, string>> = {
  PROVIDER_NOT_FOUND: 'Load it with: terrace mirror load FILE',
  PROVIDER_VERSION_NOT_FOUND: 'Load a version that matches with: terrace mirror load FILE',
  LOCK_CONFLICT: 'Ask again without the lock file, or for an upgrade, if the difference is wanted',
}

/** All that is in the way, as one failure with the code of the first. */
export function cannotLock(problems: readonly [LockProblem, ...LockProblem[]]): RegistryError {
  const [first] = problems
  const hint = HINTS[first.code]
  return new RegistryError(first.code, describe(problems), {
    ...(hint !== undefined && { hint }),
    detail: { problems: problems.slice(0, SHOWN_PROBLEMS), count: problems.length },
  })
}

function describe(problems: readonly [LockProblem, ...LockProblem[]]): string {
  const [first] = problems
  if (problems.length === 1) return `Cannot lock "${first.address}": ${first.state}`
  const texts = problems.slice(0, SHOWN_PROBLEMS).map(({ address, state }) => `"${address}" ${state.replace(/^it /, '')}`)
  if (problems.length > texts.length) texts.push(`and ${problems.length - texts.length} more`)
  return `Cannot lock ${problems.length} providers: ${texts.join('; ')}`
}
