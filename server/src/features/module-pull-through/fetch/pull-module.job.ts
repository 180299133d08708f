import { RegistryError } from '../../../base/errors.ts'
import type { JobHandler, JobItemContext } from '../../../base/queue/worker.ts'
import { upstreamModuleKey } from '../../../base/storage/object-keys.ts'
import { type ObjectClaims, storeObjects, withObjectClaims } from '../../intake/index.ts'
import { requireAllowed } from '../../mirror-policies/index.ts'
import { findHeldByStorageKey } from '../held/held-module-queries.ts'
import { policySubject } from '../module-policy.ts'
import type { ModulePullDeps } from '../module-pull-deps.ts'
import { displayIdentity, type ModuleIdentity } from '../upstream-module.ts'
import { fetchSource } from './fetch-source.ts'
import type { PullModuleInput } from './pull-modules.ts'
import { recordHeldModule } from './record-held-module.ts'
import { requireFolder } from './require-folder.ts'

/**
 * Fetches one version of a module and stores it in its canonical form, with all its folders. Running it again is harmless: a version
 * that is held is left alone, whatever its upstream says now.
 */
export const pullModuleJob =
  (deps: ModulePullDeps): JobHandler<PullModuleInput> =>
  async ({ input, createdBy }, context) => {
    const { version, source, ...module } = input
    const identity = { module, version }
    const key = upstreamModuleKey(module, version)
    if (await isHeld(deps, key)) return
    const subject = policySubject(identity)
    requireAllowed('fetch module', subject, await deps.policy.decide(subject))
    await withObjectClaims(deps.database.db, { keys: [key], waitMs: 0 }, async (claims) => {
      if (!(await isHeld(deps, key))) await fetchModule(deps, { identity, source, createdBy, claims, context, key })
    })
  }

async function isHeld({ database }: ModulePullDeps, key: string): Promise<boolean> {
  return (await findHeldByStorageKey(database.db, key))?.damagedAt === null
}

interface Fetch {
  readonly identity: ModuleIdentity
  readonly source: PullModuleInput['source']
  readonly createdBy: string
  readonly claims: ObjectClaims
  readonly context: JobItemContext
  readonly key: string
}

async function fetchModule(deps: ModulePullDeps, { identity, source, createdBy, claims, context, key }: Fetch): Promise<void> {
  const { file, origin } = await fetchSource(deps, { hostname: identity.module.hostname, source, context })
  const canonicalFile = await deps.spool.reserve()
  try {
    const options = { signal: context.signal, keepsFolders: true, followsLinks: true }
    const archive = await deps.archiver.canonicalise(file.path, canonicalFile.path, options).catch((error: unknown) => {
      throw nameSource(error, origin.sourceUrl)
    })
    requireFolder(archive, { subdir: source.subdir, name: origin.sourceUrl })
    await storeObjects(deps, claims, {
      objects: [{ key, path: canonicalFile.path, size: archive.size, sha256: archive.sha256 }],
      isOwned: async (db, storageKey) => (await findHeldByStorageKey(db, storageKey))?.damagedAt === null,
      commit: (tx) => recordHeldModule(deps, tx, { identity, origin, archive, subdir: source.subdir, key, createdBy }),
    })
    deps.logger.info({ module: displayIdentity(identity), ...origin }, 'module of an upstream stored')
  } finally {
    await Promise.all([file.discard(), canonicalFile.discard()])
  }
}

/** A refusal of the archiver says what is wrong in it; whoever reads it wants to know in what. */
function nameSource(error: unknown, url: string): unknown {
  if (!(error instanceof RegistryError) || error.code !== 'INVALID_MODULE_ARCHIVE') return error
  const state = error.message.replace(/^Cannot accept the module archive: /, '')
  return new RegistryError(error.code, `Cannot accept "${url}": ${state}`, {
    ...(error.detail !== undefined && { detail: error.detail }),
    cause: error,
  })
}
