import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Db } from '../../base/database/open-database.ts'
import { findRegistrySigningKey, listSigningKeysOf } from './signing-key-queries.ts'

interface ArmoredKey {
  readonly keyId: string
  readonly asciiArmor: string
}

/** The public key that signed a version: one of its namespace, or the registry's own. */
export async function findSigningKeyOf(db: Db, address: ProviderAddress, fingerprint: string): Promise<ArmoredKey> {
  const keys = await listSigningKeysOf(db, address.hostname, address.namespace)
  const key = keys.find((row) => row.fingerprint === fingerprint)
  if (key !== undefined) return key
  const own = await findRegistrySigningKey(db)
  if (own?.fingerprint === fingerprint) return own
  throw new Error(`No public key with fingerprint ${fingerprint} is recorded for ${address.hostname}/${address.namespace}`)
}
