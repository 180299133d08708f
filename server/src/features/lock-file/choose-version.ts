import { type Constraint, formatConstraints, matchesConstraints } from '@terrace/protocol/constraints.ts'
import { type LockBlock, lockAddress } from '@terrace/protocol/lock-file.ts'
import { formatVersion } from '@terrace/protocol/versions.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { type Asker, findLockable, findVersion, type LockableProvider, type LockableVersion } from './find-lockable.ts'
import type { Requirement } from './input/requirement.ts'
import type { LockDeps } from './lock-deps.ts'
import type { LockProblem } from './lock-problems.ts'

/** What is decided on a required provider. */
export type Choice =
  | {
      readonly kind: 'chosen'
      readonly requirement: Requirement
      readonly version: LockableVersion
      readonly previous: LockBlock | undefined
    }
  /** It is not known here, and the lock file that was given has it. */
  | { readonly kind: 'kept'; readonly block: LockBlock }
  | { readonly kind: 'problem'; readonly problem: LockProblem }

/** Who asks for what. */
export interface ChoiceInput extends Asker {
  /** Block of the lock file that was given. */
  readonly previous: LockBlock | undefined
  /** The newest version that matches, whatever was locked. */
  readonly upgrade: boolean
}

/** The locked version, or else the newest that matches; as Terraform chooses, whether or not it has every platform. */
export async function chooseVersion(deps: LockDeps, requirement: Requirement, input: ChoiceInput): Promise<Choice> {
  const { upgrade } = input
  const previous = upgrade ? undefined : input.previous
  const wanted = previous?.version ?? exactVersion(requirement.constraints)
  const provider = await findLockable(deps, requirement.address, { ...input, wanted })
  if (previous !== undefined) return stayWith(deps, { previous, requirement, provider })
  const refuse = (code: ErrorCode, state: string) => problem(requirement, code, state)
  if (provider === undefined) return refuse('PROVIDER_NOT_FOUND', 'this registry does not hold it')
  const { constraints } = requirement
  const newest = provider.versions.find((candidate) => matchesConstraints(candidate, constraints))
  const version = newest === undefined ? undefined : await findVersion(deps, provider, newest)
  if (version !== undefined) return { kind: 'chosen', requirement, version, previous: input.previous }
  const condition = constraints.length === 0 ? 'is a release' : `matches "${formatConstraints(constraints)}"`
  return refuse('PROVIDER_VERSION_NOT_FOUND', `no version that is held ${condition}`)
}

interface Stay {
  readonly previous: LockBlock
  readonly requirement: Requirement
  readonly provider: LockableProvider | undefined
}

async function stayWith(deps: LockDeps, { previous, requirement, provider }: Stay): Promise<Choice> {
  const { constraints } = requirement
  if (!matchesConstraints(previous.version, constraints)) {
    const state = `it is locked to ${previous.version}, which does not match "${formatConstraints(constraints)}"`
    return problem(requirement, 'LOCK_CONFLICT', state)
  }
  if (provider?.held?.byVersion.get(previous.version)?.blocked) {
    return problem(requirement, 'PROVIDER_VERSION_NOT_FOUND', `the locked version ${previous.version} is blocked here`)
  }
  const version = provider && (await findVersion(deps, provider, previous.version))
  return version === undefined ? { kind: 'kept', block: previous } : { kind: 'chosen', requirement, version, previous }
}

function exactVersion(constraints: readonly Constraint[]): string | undefined {
  const exact = constraints.find(({ operator }) => operator === '=')
  return exact && formatVersion(exact.version)
}

function problem({ address }: Requirement, code: ErrorCode, state: string): Choice {
  return { kind: 'problem', problem: { address: lockAddress(address), code, state } }
}
