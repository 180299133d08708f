import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../../base/database/open-database.ts'
import type { RegistrySigningKeysTable } from '../../base/database/schema.ts'
import type { SigningKeysTable } from '../../base/database/tables/trust-tables.ts'
import type { KeyScope } from './trusted-keys.ts'

export type SigningKeyRow = Selectable<SigningKeysTable>
export type RegistrySigningKeyRow = Selectable<RegistrySigningKeysTable>

const COLUMNS = [
  'id',
  'hostname',
  'namespace',
  'type',
  'fingerprint',
  'keyId',
  'userId',
  'asciiArmor',
  'source',
  'state',
  'createdAt',
  'decidedAt',
  'decidedBy',
  'expiresAt',
  'examinedAt',
  'expiryWarnedFor',
  'retiredAt',
] as const

/** Every key ever seen for a namespace of a hostname, those for single providers included; oldest first. */
export function listSigningKeysOf(db: Db, { hostname, namespace }: KeyScope): Promise<SigningKeyRow[]> {
  return db
    .selectFrom('signingKeys')
    .select(COLUMNS)
    .where('hostname', '=', hostname)
    .where('namespace', '=', namespace)
    .orderBy('id')
    .execute()
}

/** Every recorded copy of one key, for whichever scope. */
export function listCopiesOfKey(db: Db, fingerprint: string): Promise<SigningKeyRow[]> {
  return db.selectFrom('signingKeys').select(COLUMNS).where('fingerprint', '=', fingerprint).orderBy('id').execute()
}

/** All keys, newest first. */
export function listSigningKeys(db: Db, page: { limit: number; offset: number }): Promise<SigningKeyRow[]> {
  return db.selectFrom('signingKeys').select(COLUMNS).orderBy('id', 'desc').limit(page.limit).offset(page.offset).execute()
}

/** How many keys there are. */
export async function countSigningKeys(db: Db): Promise<number> {
  const row = await db
    .selectFrom('signingKeys')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** The key with this id. */
export function findSigningKey(db: Db, id: string): Promise<SigningKeyRow | undefined> {
  return db.selectFrom('signingKeys').select(COLUMNS).where('id', '=', id).executeTakeFirst()
}

/** `false` when the key is already known for the scope. */
export async function insertSigningKey(db: Db, row: Insertable<SigningKeysTable>): Promise<boolean> {
  const result = await db
    .insertInto('signingKeys')
    .values(row)
    .onConflict((oc) => oc.columns(['hostname', 'namespace', 'type', 'fingerprint']).doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Replaces the recorded copy of a key by a fuller one. */
export async function updateKeyCopy(
  db: Db,
  id: string,
  copy: Pick<SigningKeyRow, 'asciiArmor' | 'expiresAt' | 'examinedAt'>,
): Promise<void> {
  await db.updateTable('signingKeys').set(copy).where('id', '=', id).execute()
}

/** Records a decision, whoever made it. */
export async function decideSigningKey(
  db: Db,
  id: string,
  decision: Pick<SigningKeyRow, 'state' | 'decidedAt' | 'decidedBy'> & Partial<Pick<SigningKeyRow, 'retiredAt'>>,
): Promise<void> {
  await db.updateTable('signingKeys').set(decision).where('id', '=', id).execute()
}

/** Forgets a key. */
export async function deleteSigningKeyRow(db: Db, id: string): Promise<void> {
  await db.deleteFrom('signingKeys').where('id', '=', id).execute()
}

/** How many held versions clients check with this key; other scopes' copies of the key do not count. */
export async function countVersionsSignedBy(db: Db, { hostname, namespace, type, fingerprint }: SigningKeyRow): Promise<number> {
  const versions = db
    .selectFrom('providerVersions as v')
    .innerJoin('providers as p', 'p.id', 'v.providerId')
    .where('p.hostname', '=', hostname)
    .where('p.namespace', '=', namespace)
    .where('v.signingKeyFingerprint', '=', fingerprint)
    .where('v.deletedAt', 'is', null)
  const inScope = type === '' ? versions : versions.where('p.type', '=', type)
  const { count } = await inScope.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
  return Number(count)
}

/** The registry's own key, once it was needed. */
export function findRegistrySigningKey(db: Db): Promise<RegistrySigningKeyRow | undefined> {
  return db
    .selectFrom('registrySigningKeys')
    .select(['id', 'fingerprint', 'keyId', 'asciiArmor', 'sealedPrivateKey', 'createdAt'])
    .where('id', '=', 'current')
    .executeTakeFirst()
}

/** `false` when another replica was first; its key is the registry's then. */
export async function insertRegistrySigningKey(db: Db, row: Insertable<RegistrySigningKeysTable>): Promise<boolean> {
  const result = await db
    .insertInto('registrySigningKeys')
    .values(row)
    .onConflict((oc) => oc.column('id').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}
