import { encodeJson } from '../../base/database/columns.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { recordAudit } from '../audit/index.ts'
import type { ImportDeps } from './import-deps.ts'
import { forgetListings, insertImport } from './import-queries.ts'
import type { ImportListing, ImportOptions } from './listing/import-listing.ts'
import { type ModulePlan, planModule } from './plan/plan-modules.ts'
import { planVersions, type VersionPlan } from './plan/plan-versions.ts'

/** What an import would do. */
export interface ImportPlan {
  readonly versions: readonly VersionPlan[]
  readonly modules: readonly ModulePlan[]
}

/** An import that is to begin. */
export interface NewImport {
  readonly listing: ImportListing
  readonly options: ImportOptions
  readonly by: Origin
}

/** What was broken off that long ago begins anew. */
const FORGET_AFTER_MS = 7 * 24 * 60 * 60 * 1000

/** Compares what is listed with what is held. Changes nothing. */
export async function planImport(deps: ImportDeps, { listing, options }: Pick<NewImport, 'listing' | 'options'>): Promise<ImportPlan> {
  const versions = await planVersions(deps, listing.versions, options)
  const modules: ModulePlan[] = []
  for (const listed of listing.modules) modules.push(await planModule(deps, listed))
  return { versions, modules }
}

/**
 * Begins an import: from now on the files that it lists can be sent. Answers its id.
 * @throws {RegistryError} RULE_BROKEN for a key that does not come along.
 */
export async function startImport(deps: ImportDeps, { listing, options, by }: NewImport): Promise<string> {
  requireKeys(listing, options)
  const id = newId()
  const at = deps.clock.now()
  await deps.database.db.transaction().execute(async (tx) => {
    await forgetListings(tx, at - FORGET_AFTER_MS)
    await insertImport(tx, {
      id,
      kind: listing.kind,
      name: listing.name,
      signedBy: listing.signedBy,
      listing: encodeJson(listing),
      options: encodeJson(options),
      added: 0,
      addedBytes: 0,
      refused: 0,
      createdAt: at,
      createdBy: by.actor.name,
      finishedAt: null,
    })
    await recordAudit(tx, {
      at,
      origin: by,
      action: 'import.start',
      object: listing.name,
      details: {
        import: id,
        kind: listing.kind,
        signed_by: listing.signedBy,
        trust_keys: options.trustKeys,
        allow_unsigned: options.allowUnsigned,
      },
    })
  })
  return id
}

/** @throws {RegistryError} RULE_BROKEN */
export function requireKeys({ name, keys }: ImportListing, { trustKeys }: ImportOptions): void {
  const missing = trustKeys.find((fingerprint) => !keys.some((key) => key.fingerprint === fingerprint))
  if (missing === undefined) return
  throw new RegistryError('RULE_BROKEN', `Cannot trust key "${missing}": "${name}" does not bring it`, {
    hint: keys.length === 0 ? 'Send the key along' : `It brings: ${keys.map(({ fingerprint }) => fingerprint).join(', ')}`,
  })
}
