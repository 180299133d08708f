import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { encodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { recordAudit } from '../audit/index.ts'
import {
  ensureProvider,
  findProviderVersion,
  insertProviderVersion,
  lockProviderVersion,
  recordPackages,
  updateShasums,
  updateVersionFlags,
  type VerifiedPackage,
} from '../providers/index.ts'
import { signRegistryShasums } from '../publishing/index.ts'
import type { ImportDeps } from './import-deps.ts'
import type { ListedVersion } from './listing/import-listing.ts'

interface UnsignedPackages {
  readonly listed: ListedVersion
  readonly packages: readonly VerifiedPackage[]
  readonly by: Origin
}

/**
 * Makes packages visible for which nothing signed speaks, because an administrator allowed it. The registry signs the list, which clients
 * need, and the version says for ever that it is `unsigned`.
 */
export async function recordUnsignedPackages(deps: ImportDeps, tx: Db, { listed, packages, by }: UnsignedPackages): Promise<void> {
  const at = deps.clock.now()
  const createdBy = by.actor.name
  const version = await lockProviderVersion(tx, await ensureUnsignedVersion(tx, { listed, at, createdBy }))
  await recordPackages(tx, deps.store, { ...listed, versionId: version.id, packages, at, createdBy })
  if (version.deletedAt !== null) await updateVersionFlags(tx, version.id, { deletedAt: null })
  await updateShasums(tx, version.id, {
    ...(await signRegistryShasums(deps, tx, version.id)),
    signedBy: 'registry',
    provenance: 'unsigned',
  })
  await recordAudit(tx, {
    at,
    origin: by,
    action: 'provider_package.import_unsigned',
    object: `${formatProviderAddress(listed.address)} ${listed.version}`,
    details: { platforms: Object.fromEntries(packages.map(({ platform, zh }) => [formatPlatform(platform), zh])) },
  })
}

async function ensureUnsignedVersion(
  tx: Db,
  { listed, at, createdBy }: { readonly listed: ListedVersion; readonly at: number; readonly createdBy: string },
): Promise<string> {
  const providerId = await ensureProvider(tx, { id: newId(), ...listed.address, sourceUrl: null, createdAt: at })
  await insertProviderVersion(tx, {
    id: newId(),
    providerId,
    version: listed.version,
    protocols: encodeJson(listed.protocols),
    origin: 'mirrored',
    shasums: new Uint8Array(),
    shasumsSignature: new Uint8Array(),
    signingKeyFingerprint: '',
    signedBy: 'registry',
    provenance: 'unsigned',
    verificationWarning: null,
    createdAt: at,
    createdBy,
    deprecatedAt: null,
    deprecationMessage: null,
    blockedAt: null,
    blockedReason: null,
    deletedAt: null,
  })
  const row = await findProviderVersion(tx, providerId, listed.version)
  if (row === undefined) throw new Error(`Version ${listed.version} vanished within its transaction`)
  return row.id
}
