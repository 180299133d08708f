import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Db } from '../../base/database/open-database.ts'

/** Providers of namespaces of an upstream, by address. */
export async function listProviderTypes(
  db: Db,
  { hostname, namespaces }: { readonly hostname: string; readonly namespaces: readonly string[] },
): Promise<ProviderAddress[]> {
  if (namespaces.length === 0) return []
  return db
    .selectFrom('providers')
    .select(['hostname', 'namespace', 'type'])
    .where('hostname', '=', hostname)
    .where('namespace', 'in', namespaces)
    .orderBy('namespace')
    .orderBy('type')
    .execute()
}

/** What a version was signed with and by whom. */
export interface SignedVersionRow {
  readonly id: string
  readonly origin: string
  readonly shasums: Uint8Array
  readonly shasumsSignature: Uint8Array
  readonly signingKeyFingerprint: string
  readonly signedBy: string
  readonly provenance: string
}

/** Signed lists of the versions with these ids, in no promised order. */
export async function listSignedVersions(db: Db, ids: readonly string[]): Promise<SignedVersionRow[]> {
  if (ids.length === 0) return []
  return db
    .selectFrom('providerVersions')
    .select(['id', 'origin', 'shasums', 'shasumsSignature', 'signingKeyFingerprint', 'signedBy', 'provenance'])
    .where('id', 'in', ids)
    .execute()
}

/** What was found out about a version of a module when it was published, as JSON. */
export async function findModuleAnalysis(db: Db, versionId: string): Promise<string | undefined> {
  const row = await db.selectFrom('moduleVersions').select('analysis').where('id', '=', versionId).executeTakeFirst()
  return row?.analysis
}

/** The public part of the registry's own key, once it has one. */
export function findOwnPublicKey(db: Db): Promise<{ fingerprint: string; asciiArmor: string } | undefined> {
  return db.selectFrom('registrySigningKeys').select(['fingerprint', 'asciiArmor']).where('id', '=', 'current').executeTakeFirst()
}
