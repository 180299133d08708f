import { formatLockConstraints, formatLockFile, type LockBlock, lockAddress } from '@terrace/protocol/lock-file.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import type { Actor } from '../../base/http/edge-types.ts'
import { type Choice, chooseVersion } from './choose-version.ts'
import type { ExistingLocks } from './input/read-lock-file.ts'
import type { Requirement } from './input/requirement.ts'
import type { LockDeps } from './lock-deps.ts'
import { cannotLock, type LockProblem } from './lock-problems.ts'
import { type LockPackageRow, listLockPackages, listShasums } from './lock-queries.ts'
import { collectHashes, type MissingPlatform } from './version-hashes.ts'

export interface LockRequest {
  readonly actor: Actor
  /** Our own host name, as the asker knows it. */
  readonly own: string
  readonly requirements: readonly Requirement[]
  /** Whose `h1:` are wanted; none: of every platform that is stored. */
  readonly platforms: readonly Platform[]
  readonly existing: ExistingLocks
  readonly upgrade: boolean
}

/** A provider as the lock file has it now. */
export interface LockedProvider {
  readonly block: LockBlock
  readonly previous: LockBlock | undefined
  readonly missing: readonly MissingPlatform[]
}

/** A block of the given lock file that stands in the new one as it was. */
export interface KeptProvider {
  readonly block: LockBlock
  readonly why: 'not_required' | 'not_held'
}

/** The new lock file, and how it came about. */
export interface LockOutcome {
  readonly providers: readonly LockedProvider[]
  readonly kept: readonly KeptProvider[]
  readonly text: string
}

/**
 * A lock file for the required providers. What a given one has stays: blocks that nothing requires, and hashes of versions that stay.
 * @throws {RegistryError} with all problems in `detail.problems`: PROVIDER_NOT_FOUND, PROVIDER_VERSION_NOT_FOUND, LOCK_CONFLICT
 */
export async function makeLockFile(deps: LockDeps, request: LockRequest): Promise<LockOutcome> {
  const choices = await Promise.all(request.requirements.map((requirement) => choose(deps, request, requirement)))
  const chosen = choices.filter((choice) => choice.kind === 'chosen')
  const outcomes = await completeAll(deps, chosen, request.platforms)
  refuseProblems([...choices.flatMap(problemOf), ...outcomes.flatMap((outcome) => ('state' in outcome ? [outcome] : []))])
  const providers = outcomes.filter((outcome) => 'block' in outcome)
  const kept = keptBlocks(request, choices)
  return {
    providers,
    kept,
    text: formatLockFile(
      [...providers, ...kept].map(({ block }) => block),
      request.existing.header,
    ),
  }
}

function choose(deps: LockDeps, { actor, own, existing, upgrade }: LockRequest, requirement: Requirement): Promise<Choice> {
  const previous = existing.blocks.get(lockAddress(requirement.address))
  return chooseVersion(deps, requirement, { actor, own, previous, upgrade })
}

function problemOf(choice: Choice): LockProblem[] {
  return choice.kind === 'problem' ? [choice.problem] : []
}

function refuseProblems([first, ...more]: readonly LockProblem[]): void {
  if (first !== undefined) throw cannotLock([first, ...more])
}

type Chosen = Extract<Choice, { kind: 'chosen' }>

async function completeAll(
  { database }: LockDeps,
  chosen: readonly Chosen[],
  platforms: readonly Platform[],
): Promise<(LockedProvider | LockProblem)[]> {
  const ids = chosen.flatMap(({ version: { id } }) => (id === undefined ? [] : [id]))
  const lists = new Map((await listShasums(database.db, ids)).map(({ id, shasums }) => [id, shasums]))
  const packages = Map.groupBy(await listLockPackages(database.db, ids), ({ versionId }) => versionId)
  return chosen.map((choice) => {
    const { id = '', shasums = lists.get(id) ?? new Uint8Array() } = choice.version
    return complete(choice, { shasums, packages: packages.get(id) ?? [] }, platforms)
  })
}

function complete(
  { requirement, version: { version }, previous }: Chosen,
  rows: { readonly shasums: Uint8Array; readonly packages: readonly LockPackageRow[] },
  platforms: readonly Platform[],
): LockedProvider | LockProblem {
  const { address, constraints } = requirement
  const content = { ...rows, type: address.type, version }
  const { hashes, missing } = collectHashes(content, platforms)
  const locked = previous?.version === version ? previous.hashes : []
  const all = new Set([...hashes, ...collectHashes(content, []).hashes])
  if (locked.length > 0 && !locked.some((hash) => all.has(hash))) {
    return {
      address: lockAddress(address),
      code: 'LOCK_CONFLICT',
      state: `none of the hashes locked for ${version} is one of what is held`,
    }
  }
  const block = { ...address, version, constraints: formatLockConstraints(constraints), hashes: [...hashes, ...locked] }
  return { block, previous, missing }
}

function keptBlocks({ existing, requirements }: LockRequest, choices: readonly Choice[]): KeptProvider[] {
  const required = new Set(requirements.map(({ address }) => lockAddress(address)))
  const others = [...existing.blocks].filter(([address]) => !required.has(address))
  return [
    ...others.map(([, block]) => ({ block, why: 'not_required' as const })),
    ...choices.flatMap((choice) => (choice.kind === 'kept' ? [{ block: choice.block, why: 'not_held' as const }] : [])),
  ]
}
