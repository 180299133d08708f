import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { decodeJson, encodeJson } from '../../../base/database/columns.ts'
import { dialectOf } from '../../../base/database/dialect.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { newId } from '../../../base/ids.ts'

/** A signed checksum list as an upstream had it. */
export interface StoredSignedVersion {
  /** Exact bytes. */
  readonly shasums: Uint8Array
  /** Exact bytes. */
  readonly signature: Uint8Array
  readonly protocols: readonly string[]
}

type OfVersion = { readonly address: ProviderAddress; readonly version: string }

/** The list that was stored last, by whatever process; `ageMs` by the database's clock. */
export async function findSignedVersion(
  db: Db,
  { address, version }: OfVersion,
): Promise<(StoredSignedVersion & { readonly ageMs: number }) | undefined> {
  const row = await db
    .selectFrom('upstreamSignedVersions')
    .select(['shasums', 'signature', 'protocols', 'fetchedAt'])
    .select(dialectOf(db).now.as('now'))
    .where('hostname', '=', address.hostname)
    .where('namespace', '=', address.namespace)
    .where('type', '=', address.type)
    .where('version', '=', version)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { shasums, signature, protocols, fetchedAt, now } = row
  return { shasums, signature, protocols: decodeJson<string[]>(protocols), ageMs: Math.max(0, now - fetchedAt) }
}

/** Stores a list that was verified just now. */
export async function saveSignedVersion(db: Db, { address, version }: OfVersion, list: StoredSignedVersion): Promise<void> {
  const { hostname, namespace, type } = address
  const { shasums, signature, protocols } = list
  const read = { shasums, signature, protocols: encodeJson(protocols), fetchedAt: dialectOf(db).now }
  await db
    .insertInto('upstreamSignedVersions')
    .values({ id: newId(), hostname, namespace, type, version, ...read })
    .onConflict((oc) => oc.columns(['hostname', 'namespace', 'type', 'version']).doUpdateSet(read))
    .execute()
}

/** Forgets lists that were stored longer ago than this. */
export async function deleteSignedVersions(db: Db, olderThanMs: number): Promise<number> {
  const result = await db
    .deleteFrom('upstreamSignedVersions')
    .where((eb) => eb('fetchedAt', '<', eb(dialectOf(db).now, '-', olderThanMs)))
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}
