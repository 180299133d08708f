import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { recordAudit } from '../audit/index.ts'
import { notify } from '../notifications/index.ts'
import type { ImportDeps } from './import-deps.ts'
import type { ImportedVersion } from './import-provider-version.ts'
import { countImported, finishImport } from './import-queries.ts'
import { ended, requireImport } from './open-import.ts'

/** Something that was sent to an import. */
export interface SentThing {
  readonly importId: string
  /** As people write it: `registry.terraform.io/hashicorp/null 3.1.0`. */
  readonly object: string
  readonly by: Origin
}

/** Runs one step of an import and counts what came of it; what is refused leaves its evidence in the audit, and goes on to the caller. */
export async function countingStep(
  deps: Pick<ImportDeps, 'database' | 'clock'>,
  sent: SentThing,
  step: () => Promise<ImportedVersion>,
): Promise<ImportedVersion> {
  try {
    const done = await step()
    const { db } = deps.database
    if (done.added.length > 0) await countImported(db, sent.importId, { added: done.added.length, addedBytes: done.bytes, refused: 0 })
    return done
  } catch (error) {
    if (error instanceof RegistryError) await recordRefusal(deps, sent, error)
    throw error
  }
}

async function recordRefusal(
  { database, clock }: Pick<ImportDeps, 'database' | 'clock'>,
  { importId, object, by }: SentThing,
  { code, message, hint = '', detail = {} }: RegistryError,
): Promise<void> {
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    await countImported(tx, importId, { added: 0, addedBytes: 0, refused: 1 })
    if (code === 'PROVIDER_VERSION_EXISTS' || code === 'MODULE_VERSION_EXISTS') {
      await notify(tx, { at, kind: 'digest_changed', subject: object, message, hint, dedupeKey: object })
    }
    await recordAudit(tx, {
      at,
      origin: by,
      action: 'import.refuse',
      object,
      outcome: 'error',
      details: { import: importId, code, ...detail },
    })
  })
}

/** How people write a version. */
export function describeVersion(address: ProviderAddress, version: string): string {
  return `${formatProviderAddress(address)} ${version}`
}

/**
 * Ends an import: nothing more can be sent to it.
 * @throws {RegistryError} IMPORT_NOT_FOUND, IMPORT_ENDED
 */
export async function endImport(
  deps: Pick<ImportDeps, 'database' | 'clock'>,
  { id, by }: { readonly id: string; readonly by: Origin },
): Promise<void> {
  const at = deps.clock.now()
  await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireImport(tx, id)
    if (!(await finishImport(tx, id, at))) throw ended(row)
    await recordAudit(tx, {
      at,
      origin: by,
      action: 'import.finish',
      object: row.name,
      details: { import: id, added: row.added, bytes: row.addedBytes, refused: row.refused },
    })
  })
}
