import { createMessage, enums, generateKey, readKey, readPrivateKey, sign } from 'openpgp'
import type { UnixMs } from '../../base/clock.ts'
import { OPENPGP_POLICY } from './openpgp-policy.ts'
import { describeSigningKey } from './signing-key.ts'

/** A new key pair. The private armor has no passphrase: seal it before it is stored. */
export interface RegistryKey {
  /** Upper-case hex. */
  readonly fingerprint: string
  readonly keyId: string
  readonly publicArmor: string
  readonly privateArmor: string
}

/**
 * A key that signs for this registry and never expires: RSA 4096, which every version of the CLIs verifies. Takes seconds, in
 * threads of the runtime.
 */
export async function generateRegistryKey({ name, now }: { readonly name: string; readonly now: UnixMs }): Promise<RegistryKey> {
  const pair = await generateKey({
    type: 'rsa',
    rsaBits: 4096,
    userIDs: [{ name }],
    date: new Date(now),
    // The primary key signs; the default encryption sub-key would only make the key longer.
    subkeys: [],
    format: 'armored',
    config: OPENPGP_POLICY,
  })
  const key = await describeSigningKey(await readKey({ armoredKey: pair.publicKey }))
  return { fingerprint: key.fingerprint, keyId: key.keyId, publicArmor: key.asciiArmor, privateArmor: pair.privateKey }
}

/**
 * Binary detached signature over the exact bytes (SHA-256), as the registry protocol wants it.
 *
 * @param now time of the signature; the machine's own by default.
 */
export async function signShasums(privateArmor: string, shasums: Uint8Array, now?: UnixMs): Promise<Uint8Array> {
  const config = { ...OPENPGP_POLICY, preferredHashAlgorithm: enums.hash.sha256 }
  const signature = await sign({
    message: await createMessage({ binary: shasums }),
    signingKeys: await readPrivateKey({ armoredKey: privateArmor, config }),
    detached: true,
    format: 'binary',
    config,
    ...(now !== undefined && { date: new Date(now) }),
  })
  return signature as Uint8Array
}
