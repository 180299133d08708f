import { compareVersions } from '@terrace/protocol/versions.ts'
import { RegistryError } from '../../base/errors.ts'
import { refusedByPolicy } from '../mirror-policies/index.ts'
import { createPulls, type Pulls, upstreamFailure, WAITS, type Waits, withinTime } from '../pull-through/index.ts'
import type { UpstreamModule } from '../upstreams/index.ts'
import { modulePulls, PULL_MODULE, type PullModuleInput } from './fetch/pull-modules.ts'
import { findQueuedInput } from './fetch/queued-source-queries.ts'
import type { HeldModuleRow } from './held/held-module-queries.ts'
import { createOfferedModules, type OfferedModule, type OfferedModules } from './lists/offered-modules.ts'
import { policySubject } from './module-policy.ts'
import type { ModulePullDeps } from './module-pull-deps.ts'
import { stepOf } from './sources/source-failures.ts'
import { displayIdentity, formatUpstreamModule, keyOfVersion, type ModuleIdentity } from './upstream-module.ts'

/** A module's versions as clients see them. */
export interface ListedModule {
  /** Newest first: what is held and what is offered. */
  readonly versions: readonly string[]
  /** Age of what is answered, while the upstream or the database fails; 0 otherwise. */
  readonly staleSeconds: number
}

/** Where a version is. */
export interface LocatedModule {
  /** `undefined`: it is being fetched, and its folder is known already. */
  readonly held: HeldModuleRow | undefined
  /** Folder of the module in the archive; empty: its root. */
  readonly subdir: string
  readonly staleSeconds: number
}

/** Modules of upstreams: what is held, and what is fetched when somebody asks for it. */
export interface ModulesOnDemand {
  /** @throws {RegistryError} MODULE_NOT_FOUND; UPSTREAM_* when nothing is known. */
  list(module: UpstreamModule): Promise<ListedModule>
  /**
   * The version, fetched unless it is held. When that takes longer than a client waits for a document, the answer says so.
   * @throws {RegistryError} MODULE_NOT_FOUND, MODULE_VERSION_NOT_FOUND, POLICY_REFUSED, MODULE_SOURCE_UNUSABLE, UPSTREAM_*
   */
  locate(identity: ModuleIdentity): Promise<LocatedModule>
  /** The same for as long as a client waits for an archive. */
  waitFor(identity: ModuleIdentity): Promise<HeldModuleRow>
}

/** Asks `mirror.upstreams` for what is not held, with `features.auto_download_modules`. */
export function createModulesOnDemand(deps: ModulePullDeps, waits: Waits = WAITS): ModulesOnDemand {
  const parts: Parts = { deps, waits, offers: createOfferedModules(deps, waits), pulls: createPulls(deps, modulePulls(deps)) }
  return {
    list: (module) => listModule(parts, module),
    locate: (identity) => locateModule(parts, identity),
    waitFor: (identity) => waitForModule(parts, identity),
  }
}

interface Parts {
  readonly deps: ModulePullDeps
  readonly waits: Waits
  readonly offers: OfferedModules
  readonly pulls: Pulls<ModuleIdentity>
}

async function listModule({ deps, offers }: Parts, module: UpstreamModule): Promise<ListedModule> {
  const { found, staleSeconds } = await deps.heldModules.find(module)
  // What is held answers also while the database is away (P5).
  const offered = await offers.find(module, { held: found }).catch((error: unknown) => {
    if (found !== undefined && error instanceof RegistryError) return UNKNOWN_OFFER
    throw error
  })
  if (found === undefined && (offered === undefined || offered.versions.size === 0)) throw unknownModule(module)
  const versions = new Set([...(found?.byVersion.keys() ?? []), ...(offered?.versions ?? [])])
  return {
    versions: [...versions].sort((a, b) => compareVersions(b, a)),
    staleSeconds: Math.max(staleSeconds, offered?.staleSeconds ?? 0),
  }
}

const UNKNOWN_OFFER: OfferedModule = { versions: new Set(), refused: new Set(), staleSeconds: 1 }

/** Within the time that clients give a document, however much of it the list takes. */
async function locateModule(parts: Parts, identity: ModuleIdentity): Promise<LocatedModule> {
  const { deps, waits } = parts
  const since = performance.now()
  const { found, staleSeconds } = await deps.heldModules.find(identity.module)
  const held = found?.byVersion.get(identity.version)
  if (held !== undefined) return { held, subdir: held.subdir, staleSeconds }
  await requireOffered(parts, identity)
  const leftMs = Math.max(MIN_WAIT_MS, waits.listMs - (performance.now() - since))
  const isHere = await withinTime(pull(parts, identity), leftMs, () => new StillFetching()).catch((error: unknown) => {
    if (error instanceof StillFetching) return false
    throw error
  })
  if (!isHere) return findUnderWay(parts, identity, leftMs)
  const row = await requireHeld(parts, identity)
  return { held: row, subdir: row.subdir, staleSeconds: 0 }
}

const MIN_WAIT_MS = 500

class StillFetching extends Error {}

async function pull({ pulls, waits }: Parts, identity: ModuleIdentity): Promise<true> {
  try {
    await pulls.pull(identity, waits.packageMs)
    return true
  } catch (error) {
    throw error instanceof RegistryError && error.code === 'PUBLISH_IN_PROGRESS' ? notHere(identity, waits.listMs) : error
  }
}

async function requireOffered({ deps, offers }: Parts, identity: ModuleIdentity): Promise<void> {
  const { module, version } = identity
  const { found: held } = await deps.heldModules.find(module)
  const offered = await offers.find(module, { held, wanted: version })
  if (offered === undefined && held === undefined) throw unknownModule(module)
  if (offered?.versions.has(version) === true) return
  if (offered?.refused.has(version) !== true) throw unknownVersion(identity)
  const subject = policySubject(identity)
  throw refusedByPolicy('fetch module', subject, await deps.policy.decide(subject))
}

async function findUnderWay({ deps }: Parts, identity: ModuleIdentity, waitedMs: number): Promise<LocatedModule> {
  const input = await findQueuedInput<PullModuleInput>(deps.database.db, { kind: PULL_MODULE, key: keyOfVersion(identity) })
  if (input !== undefined) return { held: undefined, subdir: input.source.subdir, staleSeconds: 0 }
  // It may have ended this moment.
  const held = (await deps.heldModules.find(identity.module)).found?.byVersion.get(identity.version)
  if (held === undefined) throw notHere(identity, waitedMs)
  return { held, subdir: held.subdir, staleSeconds: 0 }
}

function notHere(identity: ModuleIdentity, waitedMs: number): RegistryError {
  const state = `it is not here after ${Math.round(waitedMs / 1000)} seconds`
  return upstreamFailure('UPSTREAM_UNAVAILABLE', stepOf(identity, 'module'), { state })
}

async function waitForModule(parts: Parts, identity: ModuleIdentity): Promise<HeldModuleRow> {
  const { found } = await parts.deps.heldModules.find(identity.module)
  const held = found?.byVersion.get(identity.version)
  if (held !== undefined) return held
  await requireOffered(parts, identity)
  await pull(parts, identity)
  return requireHeld(parts, identity)
}

async function requireHeld({ deps }: Parts, identity: ModuleIdentity): Promise<HeldModuleRow> {
  const row = (await deps.heldModules.find(identity.module)).found?.byVersion.get(identity.version)
  if (row === undefined) throw unknownVersion(identity)
  return row
}

function unknownModule(module: UpstreamModule): RegistryError {
  return new RegistryError(
    'MODULE_NOT_FOUND',
    `Cannot find module "${formatUpstreamModule(module)}": it is neither held nor let in from an upstream`,
    {
      hint: 'Modules are fetched with features.auto_download_modules, from the hosts in mirror.upstreams, as mirror policies allow',
    },
  )
}

function unknownVersion(identity: ModuleIdentity): RegistryError {
  return new RegistryError(
    'MODULE_VERSION_NOT_FOUND',
    `Cannot find module ${displayIdentity(identity)}: no such version is held or offered`,
    {
      hint: `The versions are at /v1/upstream/${identity.module.hostname}/modules/NAMESPACE/NAME/SYSTEM/versions`,
    },
  )
}
