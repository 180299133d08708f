import { moduleKey } from '@terrace/protocol/module-addresses.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type Origin, systemOrigin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import type { CanonicalModule } from '../../module-archives/index.ts'
import { findHeldByStorageKey, type HeldModuleRow, insertHeldVersion, restoreHeldVersion } from '../held/held-module-queries.ts'
import type { ModulePullDeps } from '../module-pull-deps.ts'
import { displayIdentity, keyOfVersion, type ModuleIdentity } from '../upstream-module.ts'
import type { ModuleOrigin } from './fetch-source.ts'

interface StoredModule {
  readonly identity: ModuleIdentity
  readonly origin: ModuleOrigin
  readonly archive: CanonicalModule
  readonly subdir: string
  /** Of the store. */
  readonly key: string
  readonly createdBy: string
  /** Who carried it here; without it, it was fetched. */
  readonly importedBy?: Origin
}

/** Makes a stored module visible, within the transaction that gives its claim back. */
export async function recordHeldModule(
  { clock, store }: Pick<ModulePullDeps, 'clock' | 'store'>,
  tx: Db,
  input: StoredModule,
): Promise<void> {
  const { identity, origin, archive, subdir, key, createdBy, importedBy } = input
  const at = clock.now()
  const { size, sha256, contentSha256 } = archive
  const damaged = await findHeldByStorageKey(tx, key)
  if (damaged === undefined) {
    const names = moduleKey(identity.module)
    await insertHeldVersion(tx, {
      id: newId(),
      ...identity.module,
      namespaceKey: names.namespace,
      nameKey: names.name,
      version: identity.version,
      size,
      sha256,
      contentSha256,
      storageBackend: store.id,
      storageKey: key,
      ...origin,
      subdir,
      createdAt: at,
      createdBy,
      damagedAt: null,
    })
  } else {
    requireSameContent(identity, damaged, contentSha256)
    await restoreHeldVersion(tx, damaged.id, { size, sha256, damagedAt: null })
  }
  const { sourceUrl, gitRef, commitSha, receivedSha256 } = origin
  await recordAudit(tx, {
    at,
    origin: importedBy ?? systemOrigin('mirror'),
    action: actionOf({ isRestored: damaged !== undefined, isImported: importedBy !== undefined }),
    object: keyOfVersion(identity),
    details: { sha256, source: sourceUrl, ref: gitRef, commit: commitSha, received_sha256: receivedSha256 },
  })
}

function actionOf({ isRestored, isImported }: { readonly isRestored: boolean; readonly isImported: boolean }): string {
  if (isRestored) return 'upstream_module.restore'
  return isImported ? 'upstream_module.import' : 'upstream_module.fetch'
}

/** What was served once is all that is ever served: a changed tag must not come in by a broken disk. */
function requireSameContent(identity: ModuleIdentity, held: HeldModuleRow, contentSha256: string): void {
  if (held.contentSha256 === contentSha256) return
  throw new RegistryError('CHECKSUM_MISMATCH', `Cannot restore module ${displayIdentity(identity)}: its upstream has other content now`, {
    hint: 'Ask the publisher what happened; an administrator who trusts the new content deletes the stored version first',
    detail: { expected: held.contentSha256, found: contentSha256 },
  })
}
