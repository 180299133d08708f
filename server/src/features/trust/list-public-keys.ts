import type { Db } from '../../base/database/open-database.ts'
import { findRegistrySigningKey, listSigningKeysOf } from './signing-key-queries.ts'
import type { KeyScope } from './trusted-keys.ts'

/** A public key as the registry protocol hands it out. */
export interface PublicKey {
  readonly keyId: string
  readonly asciiArmor: string
}

/** Public keys that may have signed something in a namespace, by fingerprint: its own ones and the registry's. */
export async function listPublicKeys(db: Db, scope: KeyScope): Promise<ReadonlyMap<string, PublicKey>> {
  const [keys, own] = await Promise.all([listSigningKeysOf(db, scope), findRegistrySigningKey(db)])
  const all = own === undefined ? keys : [...keys, own]
  return new Map(all.map(({ fingerprint, keyId, asciiArmor }) => [fingerprint, { keyId, asciiArmor }]))
}
