import type { Db } from '../../../base/database/open-database.ts'

/** A copy of a key whose end was never read. */
export interface UnexaminedKey {
  readonly id: string
  readonly asciiArmor: string
}

/** Keys that were recorded before their ends were. */
export function listUnexaminedKeys(db: Db, limit: number): Promise<UnexaminedKey[]> {
  return db.selectFrom('signingKeys').select(['id', 'asciiArmor']).where('examinedAt', 'is', null).orderBy('id').limit(limit).execute()
}

/** A trusted key that ends soon, or has ended. */
export interface ExpiringSigningKey {
  readonly id: string
  readonly hostname: string
  readonly namespace: string
  readonly type: string
  readonly fingerprint: string
  readonly expiresAt: number | null
}

function expiring(db: Db, until: number) {
  return db
    .selectFrom('signingKeys')
    .where('state', '=', 'trusted')
    .where('retiredAt', 'is', null)
    .where('expiresAt', 'is not', null)
    .where('expiresAt', '<=', until)
}

/** Trusted keys that end by `until` and of whose end nobody was warned yet. */
export function listUnwarnedKeys(db: Db, until: number): Promise<ExpiringSigningKey[]> {
  return expiring(db, until)
    .select(['id', 'hostname', 'namespace', 'type', 'fingerprint', 'expiresAt'])
    .where((eb) => eb.or([eb('expiryWarnedFor', 'is', null), eb('expiryWarnedFor', '<>', eb.ref('expiresAt'))]))
    .orderBy('id')
    .execute()
}

/** All trusted keys that end by `until`, the earliest first. */
export function listExpiringSigningKeys(db: Db, until: number): Promise<ExpiringSigningKey[]> {
  return expiring(db, until)
    .select(['id', 'hostname', 'namespace', 'type', 'fingerprint', 'expiresAt'])
    .orderBy('expiresAt')
    .orderBy('id')
    .execute()
}

/** Takes the warning of a key's end on; `false` when another process has. */
export async function takeExpiryWarning(db: Db, { id, expiresAt }: Pick<ExpiringSigningKey, 'id' | 'expiresAt'>): Promise<boolean> {
  const result = await db
    .updateTable('signingKeys')
    .set({ expiryWarnedFor: expiresAt })
    .where('id', '=', id)
    .where('expiresAt', '=', expiresAt)
    .where((eb) => eb.or([eb('expiryWarnedFor', 'is', null), eb('expiryWarnedFor', '<>', expiresAt)]))
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
