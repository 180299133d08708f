import { formatConstraints, matchesConstraints } from '@terrace/protocol/constraints.ts'
import { type LockBlock, lockAddress } from '@terrace/protocol/lock-file.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { Actor } from '../../base/http/edge-types.ts'
import { mayRead } from '../namespaces/index.ts'
import { type CatalogProvider, type CatalogVersion, listServedVersions, SELF_HOSTNAME } from '../providers/index.ts'
import { bareHostname, type LockAddress } from './input/lock-address.ts'
import type { Requirement } from './input/requirement.ts'
import type { LockDeps } from './lock-deps.ts'
import type { LockProblem } from './lock-problems.ts'

/** What is decided on a required provider. */
export type Choice =
  | {
      readonly kind: 'chosen'
      readonly requirement: Requirement
      readonly version: CatalogVersion
      readonly previous: LockBlock | undefined
    }
  /** It is not held here, and the lock file that was given has it. */
  | { readonly kind: 'kept'; readonly block: LockBlock }
  | { readonly kind: 'problem'; readonly problem: LockProblem }

/** Who asks for what. */
export interface ChoiceInput {
  readonly actor: Actor
  /** Our own host name, as the asker knows it. */
  readonly own: string
  /** Block of the lock file that was given. */
  readonly previous: LockBlock | undefined
  /** The newest version that matches, whatever was locked. */
  readonly upgrade: boolean
}

/** The locked version, or else the newest that is held and matches; as Terraform chooses, whether or not it has every platform. */
export async function chooseVersion(deps: LockDeps, requirement: Requirement, input: ChoiceInput): Promise<Choice> {
  const { previous, upgrade } = input
  const held = await findHeld(deps, requirement.address, input)
  if (previous !== undefined && !upgrade) return stayWith(previous, requirement, held)
  const refuse = (code: ErrorCode, state: string) => problem(requirement, code, state)
  if (held === undefined) return refuse('PROVIDER_NOT_FOUND', 'this registry does not hold it')
  const { constraints } = requirement
  const version = listServedVersions(held).find((candidate) => matchesConstraints(candidate.version, constraints))
  if (version !== undefined) return { kind: 'chosen', requirement, version, previous }
  const wanted = constraints.length === 0 ? 'is a release' : `matches "${formatConstraints(constraints)}"`
  return refuse('PROVIDER_VERSION_NOT_FOUND', `no version that is held ${wanted}`)
}

function stayWith(previous: LockBlock, requirement: Requirement, held: CatalogProvider | undefined): Choice {
  const { constraints } = requirement
  if (!matchesConstraints(previous.version, constraints)) {
    const state = `it is locked to ${previous.version}, which does not match "${formatConstraints(constraints)}"`
    return problem(requirement, 'LOCK_CONFLICT', state)
  }
  const version = held?.byVersion.get(previous.version)
  if (version?.blocked) return problem(requirement, 'PROVIDER_VERSION_NOT_FOUND', `the locked version ${previous.version} is blocked here`)
  if (version === undefined || version.packages.length === 0) return { kind: 'kept', block: previous }
  return { kind: 'chosen', requirement, version, previous }
}

/** Undefined also for what the asker may not read. */
async function findHeld(
  { catalog, config }: LockDeps,
  address: LockAddress,
  { actor, own }: Pick<ChoiceInput, 'actor' | 'own'>,
): Promise<CatalogProvider | undefined> {
  const bare = { ...address, hostname: bareHostname(address) }
  const { found } = await catalog.find(bare.hostname === own ? { ...bare, hostname: SELF_HOSTNAME } : bare)
  if (found !== undefined) return mayRead(actor, 'providers', found.namespace) ? found : undefined
  const { defaultHostname } = config.providers
  // As the registry protocol answers under our own name (C10).
  if (bare.hostname !== own || defaultHostname === '' || (await catalog.isClaimed(bare.namespace))) return undefined
  return (await catalog.find({ ...bare, hostname: defaultHostname })).found
}

function problem({ address }: Requirement, code: ErrorCode, state: string): Choice {
  return { kind: 'problem', problem: { address: lockAddress(address), code, state } }
}
