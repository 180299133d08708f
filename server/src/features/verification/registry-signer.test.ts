import { readKey, readSignature } from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { generateRegistryKey, type RegistryKey, signShasums } from './registry-signer.ts'
import { readSigningKey } from './signing-key.ts'
import { verifyShasumsSignature } from './verify-shasums-signature.ts'

const NOW = Date.UTC(2026, 10, 21)
const SHASUMS = Buffer.from(`${'a'.repeat(64)}  terraform-provider-foo_1.0.0_linux_amd64.zip\n`)
let key: RegistryKey
beforeAll(async () => {
  key = await generateRegistryKey({ name: 'Example registry', now: NOW })
}, 60_000)

describe('registry key', () => {
  // Ed25519 would be shorter, but older CLI versions do not verify it.
  test('it is one RSA key of 4096 bits that never expires', async () => {
    const read = await readKey({ armoredKey: key.publicArmor })
    expect(read.getAlgorithmInfo()).toMatchObject({ algorithm: 'rsaEncryptSign', bits: 4096 })
    expect(read.getKeys()).toHaveLength(1)
    expect(read.getCreationTime().getTime()).toBe(NOW)
    expect(await readSigningKey(key.publicArmor)).toEqual({
      fingerprint: key.fingerprint,
      keyId: key.keyId,
      userId: 'Example registry',
      asciiArmor: key.publicArmor,
    })
  })

  test('what it signs verifies', async () => {
    const signature = await signShasums(key.privateArmor, SHASUMS, NOW + 1000)
    const verified = await verifyShasumsSignature({
      shasums: SHASUMS,
      signature,
      keys: [key.publicArmor],
      now: NOW + 2000,
      expiredKeys: 'refuse',
    })
    expect(verified).toMatchObject({ fingerprint: key.fingerprint, keyId: key.keyId })
  })

  test('its signature is one binary packet with SHA-256', async () => {
    const signature = await signShasums(key.privateArmor, SHASUMS, NOW + 1000)
    const { packets } = await readSignature({ binarySignature: signature })
    expect(packets.map(({ signatureType, hashAlgorithm, version }) => ({ signatureType, hashAlgorithm, version }))).toEqual([
      { signatureType: 0, hashAlgorithm: 8, version: 4 },
    ])
  })
})
