import type { Clock } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { Secrets } from '../../base/secrets/load-secrets.ts'
import { generateRegistryKey, signShasums } from '../verification/index.ts'
import { findRegistrySigningKey, insertRegistrySigningKey, type RegistrySigningKeyRow } from './signing-key-queries.ts'

interface RegistrySigningKeyDeps {
  readonly db: Db
  readonly secrets: Pick<Secrets, 'seal' | 'unseal'>
  readonly clock: Clock
}

const PURPOSE = 'registry_signing_key'

/** Signs for publishers who have no key of their own; the clients then see "signed by this registry" (C33). */
export interface RegistrySigningKey {
  /** Makes and records the key unless the registry has one. Takes about a second the first time. */
  ensure(): Promise<void>
  /** Binary detached signature over the exact bytes. */
  sign(shasums: Uint8Array): Promise<{ readonly signature: Uint8Array; readonly fingerprint: string }>
}

/** The registry's own key, made when it is first needed and shared by all replicas through the database. */
export function createRegistrySigningKey(deps: RegistrySigningKeyDeps): RegistrySigningKey {
  let loaded: Promise<RegistrySigningKeyRow> | undefined
  const load = () => {
    loaded ??= loadOrCreate(deps).catch((error: unknown) => {
      loaded = undefined
      throw error
    })
    return loaded
  }
  return {
    async ensure() {
      await load()
    },
    async sign(shasums) {
      const { fingerprint, sealedPrivateKey } = await load()
      return { signature: await signShasums(deps.secrets.unseal(sealedPrivateKey, PURPOSE), shasums), fingerprint }
    },
  }
}

/** The public part of the registry's own key, armored; `undefined` before it was ever needed. */
export async function findRegistryPublicKey(db: Db): Promise<string | undefined> {
  return (await findRegistrySigningKey(db))?.asciiArmor
}

async function loadOrCreate({ db, secrets, clock }: RegistrySigningKeyDeps): Promise<RegistrySigningKeyRow> {
  const found = await findRegistrySigningKey(db)
  if (found !== undefined) return found
  const key = await generateRegistryKey({ name: 'Terrace registry', now: clock.now() })
  await insertRegistrySigningKey(db, {
    id: 'current',
    fingerprint: key.fingerprint,
    keyId: key.keyId,
    asciiArmor: key.publicArmor,
    sealedPrivateKey: secrets.seal(key.privateArmor, PURPOSE),
    createdAt: clock.now(),
  })
  const row = await findRegistrySigningKey(db)
  if (row === undefined) throw new Error('The registry signing key vanished after it was inserted')
  return row
}
