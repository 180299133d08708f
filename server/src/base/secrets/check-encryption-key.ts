import type { Db } from '../database/open-database.ts'
import { findEncryptionKeyCheck, recordEncryptionKeyCheck } from './encryption-key-queries.ts'
import type { Secrets } from './load-secrets.ts'

/**
 * Makes sure that this process has the encryption key with which the database was used before; the first process to come
 * decides. Call before anything is written: a replica with another key would hash API keys and seal secrets that no other one
 * can use.
 *
 * @throws {Error} with a text for the administrator when the key is another one.
 */
export async function checkEncryptionKey(db: Db, secrets: Pick<Secrets, 'encryptionKeyCheck'>): Promise<void> {
  await recordEncryptionKeyCheck(db, secrets.encryptionKeyCheck)
  const recorded = await findEncryptionKeyCheck(db)
  if (recorded === secrets.encryptionKeyCheck) return
  throw new Error(
    'Cannot start: the encryption key is not the one that this database was set up with. ' +
      'Set "security.encryption_key" (TFR_ENCRYPTION_KEY) to the former key, or restore "secrets/encryption.key" in the data directory',
  )
}
