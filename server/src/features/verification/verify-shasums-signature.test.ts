import { readFileSync } from 'node:fs'
import {
  createMessage,
  type config as defaults,
  enums,
  generateKey,
  type PrivateKey,
  type PublicKey,
  reformatKey,
  revokeKey,
  type Subkey,
  sign,
} from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { RegistryError } from '../../base/errors.ts'
import {
  type SignatureFailure,
  type VerifiedSignature,
  type VerifyShasumsInput,
  verifyShasumsSignature,
} from './verify-shasums-signature.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 21)
const MADE = NOW - 100 * DAY_MS
const SIGNED = NOW - 50 * DAY_MS
const SHASUMS = Buffer.from(`${'a'.repeat(64)}  terraform-provider-foo_1.0.0_linux_amd64.zip\n`)

interface Pair {
  readonly privateKey: PrivateKey
  readonly publicKey: PublicKey
}
type KeyOptions = Omit<Parameters<typeof generateKey>[0], 'userIDs' | 'format'>

const makeKey = (options: KeyOptions = {}): Promise<Pair> =>
  generateKey({ type: 'ecc', curve: 'ed25519Legacy', date: new Date(MADE), ...options, userIDs: [{ name: 'Foo' }], format: 'object' })

async function signWith(
  key: PrivateKey,
  options: { message?: Uint8Array; text?: string; at?: number; config?: Partial<typeof defaults> } = {},
): Promise<Buffer> {
  const { message = SHASUMS, text, at = SIGNED, config = {} } = options
  const signature = await sign({
    message: text === undefined ? await createMessage({ binary: message }) : await createMessage({ text }),
    signingKeys: key,
    detached: true,
    format: 'binary',
    date: new Date(at),
    config,
  })
  return Buffer.from(signature as Uint8Array)
}

const verify = (input: Partial<VerifyShasumsInput>): Promise<VerifiedSignature> =>
  verifyShasumsSignature({ shasums: SHASUMS, signature: new Uint8Array(), keys: [], now: NOW, expiredKeys: 'warn', ...input })

async function refusalOf(input: Partial<VerifyShasumsInput>): Promise<{ reason?: SignatureFailure; issuerKeyIds?: string[] }> {
  const error = await verify(input).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RegistryError)
  const { code, detail = {} } = error as RegistryError
  expect(code).toBe('INVALID_SIGNATURE')
  return detail
}

const reasonOf = async (input: Partial<VerifyShasumsInput>): Promise<SignatureFailure | undefined> => (await refusalOf(input)).reason

let key: Pair
let other: Pair
let signature: Buffer
let armor: string
beforeAll(async () => {
  key = await makeKey()
  other = await makeKey()
  signature = await signWith(key.privateKey)
  armor = key.publicKey.armor()
})

describe('the real signature of hashicorp/null 3.1.0', () => {
  const vector = (name: string): Buffer => readFileSync(new URL(`./vectors/${name}`, import.meta.url))
  const real = {
    shasums: vector('terraform-provider-null_3.1.0_SHA256SUMS'),
    signature: vector('terraform-provider-null_3.1.0_SHA256SUMS.sig'),
    keys: [vector('hashicorp.asc').toString()],
  }

  // Signed by a sub-key that expired in 2022; the copy of the key has no self-signature older than 2026.
  test('verifies with a warning', async () => {
    expect(await verify(real)).toMatchObject({
      fingerprint: 'C874011F0AB405110D02105534365D9472D7468F',
      keyId: '34365D9472D7468F',
      warning: 'The signing key B0B441097685B676 has expired on 2022-04-20; the signature was made before',
    })
  })

  test('is refused where expired keys are', async () => {
    expect(await reasonOf({ ...real, expiredKeys: 'refuse' })).toBe('expired_key')
  })

  test('verifies without a warning at a time when the key was valid', async () => {
    expect((await verify({ ...real, now: Date.UTC(2021, 5, 1) })).warning).toBeUndefined()
  })

  test('no changed byte of the document verifies', async () => {
    for (const index of real.shasums.keys()) {
      const shasums = Buffer.from(real.shasums)
      shasums.writeUInt8(shasums.readUInt8(index) ^ 1, index)
      expect(await reasonOf({ ...real, shasums })).toBe('bad_signature')
    }
  })

  test.each([
    ['an added newline', Buffer.concat([real.shasums, Buffer.from('\n')])],
    ['a missing newline', real.shasums.subarray(0, -1)],
    ['CRLF line ends', Buffer.from(real.shasums.toString().replaceAll('\n', '\r\n'))],
    ['nothing', Buffer.alloc(0)],
  ])('%s does not verify', async (_name, shasums) => {
    expect(await reasonOf({ ...real, shasums })).toBe('bad_signature')
  })

  // Only the unhashed parts of a signature packet may change without harm.
  test('a changed signature never verifies as another key', async () => {
    for (const index of real.signature.keys()) {
      const changed = Buffer.from(real.signature)
      changed.writeUInt8(changed.readUInt8(index) ^ 0x10, index)
      const verified = await verify({ ...real, signature: changed }).catch(() => undefined)
      expect(verified?.keyId ?? '34365D9472D7468F').toBe('34365D9472D7468F')
    }
  })
})

describe('which key signed', () => {
  test('the answer names the key and carries it, ready to be stored', async () => {
    const verified = await verify({ signature, keys: [armor] })
    const fingerprint = key.publicKey.getFingerprint().toUpperCase()
    expect(verified).toMatchObject({ fingerprint, keyId: fingerprint.slice(-16), key: { fingerprint, userId: 'Foo' } })
    expect(verified.warning).toBeUndefined()
  })

  test('any of several keys may have signed', async () => {
    expect(await verify({ signature, keys: [other.publicKey.armor(), armor] })).toMatchObject({ key: { userId: 'Foo' } })
  })

  // protocol.md C23
  test('of several signatures one by a known key is enough', async () => {
    const both = Buffer.concat([await signWith(other.privateKey), signature])
    expect((await verify({ signature: both, keys: [armor] })).fingerprint).toBe(key.publicKey.getFingerprint().toUpperCase())
  })

  test('an unreadable key is passed over', async () => {
    const broken = armor.replace(/\n\n.{20}/, '\n\nAAAA')
    expect(await verify({ signature, keys: ['', 'no key', broken, armor] })).toMatchObject({ key: { userId: 'Foo' } })
  })

  // protocol.md C18
  test('a sub-key signs for its primary key', async () => {
    const withSubkey = await makeKey({ subkeys: [{ sign: true }] })
    const signed = await signWith(withSubkey.privateKey)
    const subkeyId = withSubkey.publicKey.subkeys[0]?.getKeyID().toHex().toUpperCase()
    expect((await refusalOf({ signature: signed, keys: [] })).issuerKeyIds).toEqual([subkeyId])
    expect((await verify({ signature: signed, keys: [withSubkey.publicKey.armor()] })).fingerprint).toBe(
      withSubkey.publicKey.getFingerprint().toUpperCase(),
    )
  })

  test('a signature by another key is from an unknown issuer, whose id is told', async () => {
    const error = await verify({ signature, keys: [other.publicKey.armor()] }).catch((thrown: unknown) => thrown)
    const keyId = key.publicKey.getKeyID().toHex().toUpperCase()
    expect(error).toMatchObject({
      message: `Cannot verify the signature of "SHA256SUMS": signed by unknown key ${keyId}`,
      detail: { reason: 'unknown_issuer', issuerKeyIds: [keyId] },
    })
  })

  test('without keys every issuer is unknown', async () => {
    expect(await reasonOf({ signature })).toBe('unknown_issuer')
  })
})

// reliability.md row 41: the corpus of signature pitfalls.
describe('what is no good signature', () => {
  test('an empty one', async () => {
    expect(await reasonOf({ keys: [armor] })).toBe('empty')
  })

  // protocol.md C10
  test.each(['', '\r\n  '])('an armored one', async (before) => {
    const block = `${before}-----BEGIN PGP SIGNATURE-----\n\n${signature.toString('base64')}\n-----END PGP SIGNATURE-----\n`
    expect(await reasonOf({ signature: Buffer.from(block), keys: [armor] })).toBe('armored')
  })

  test.each([
    ['HTML', Buffer.from('<html>404</html>')],
    ['zeros', Buffer.alloc(100)],
    ['a broken packet', Buffer.from([0xc2, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ])('%s', async (_name, bytes) => {
    expect(await reasonOf({ signature: bytes, keys: [armor] })).toBe('bad_signature')
  })

  test('half a signature', async () => {
    expect(await reasonOf({ signature: signature.subarray(0, signature.length / 2), keys: [armor] })).toBe('bad_signature')
  })

  test('one over another file', async () => {
    expect(await reasonOf({ signature: await signWith(key.privateKey, { message: Buffer.from('other') }), keys: [armor] })).toBe(
      'bad_signature',
    )
  })

  // CVE-2025-47934 and its like: an inline message carries its own text, which is not ours.
  test('an inline signed message', async () => {
    const inline = await sign({
      message: await createMessage({ binary: SHASUMS }),
      signingKeys: key.privateKey,
      format: 'binary',
      date: new Date(SIGNED),
    })
    expect(await reasonOf({ signature: inline as Uint8Array, keys: [armor] })).toBe('bad_signature')
  })

  // A text signature would also cover the document with other line ends.
  test('a text signature', async () => {
    expect(await reasonOf({ signature: await signWith(key.privateKey, { text: SHASUMS.toString() }), keys: [armor] })).toBe('bad_signature')
  })

  test('a public key instead of a signature', async () => {
    expect(await reasonOf({ signature: key.publicKey.write(), keys: [armor] })).toBe('bad_signature')
  })

  test('one from the future', async () => {
    expect(await reasonOf({ signature: await signWith(key.privateKey, { at: NOW + DAY_MS }), keys: [armor] })).toBe('bad_signature')
  })

  test('a signer whose clock runs ahead by a minute is no problem', async () => {
    expect(await verify({ signature: await signWith(key.privateKey, { at: NOW + 60_000 }), keys: [armor] })).toMatchObject({
      key: { userId: 'Foo' },
    })
  })
})

// reliability.md row 42
describe('expired and revoked keys', () => {
  const expiresAfter = (days: number): KeyOptions => ({ keyExpirationTime: days * 86_400 })

  test('a key that expired after it signed verifies with a warning', async () => {
    const expired = await makeKey(expiresAfter(80))
    const input = { signature: await signWith(expired.privateKey), keys: [expired.publicKey.armor()] }
    expect((await verify(input)).warning).toMatch(/^The signing key [0-9A-F]{16} has expired on 2026-11-01; the signature was made before$/)
    expect(await reasonOf({ ...input, expiredKeys: 'refuse' })).toBe('expired_key')
  })

  // The key is extended afterwards by its owner, cut short here: the library would not sign with an expired key.
  test('a key that expired before it signed is refused', async () => {
    const { privateKey, publicKey } = await makeKey()
    const signed = await signWith(privateKey)
    const short = await reformatKey({ privateKey, userIDs: [{ name: 'Foo' }], ...expiresAfter(20), date: new Date(MADE), format: 'object' })
    expect(short.publicKey.getFingerprint()).toBe(publicKey.getFingerprint())
    expect(await reasonOf({ signature: signed, keys: [short.publicKey.armor()] })).toBe('expired_key')
  })

  // opensearch #252, HashiCorp 2026: an extended key, exported with its newest self-signature only.
  test('an extended key verifies what it signed before', async () => {
    const { privateKey } = await makeKey(expiresAfter(80))
    const signed = await signWith(privateKey)
    const extended = await reformatKey({
      privateKey,
      userIDs: [{ name: 'Foo' }],
      ...expiresAfter(1000),
      date: new Date(NOW - DAY_MS),
      format: 'object',
    })
    const verified = await verify({ signature: signed, keys: [extended.publicKey.armor()] })
    expect(verified.warning).toBeUndefined()
  })

  test('a newer copy of an expired key counts, wherever it stands', async () => {
    const { privateKey, publicKey } = await makeKey(expiresAfter(80))
    const signed = await signWith(privateKey)
    const options = { ...expiresAfter(1000), date: new Date(NOW - DAY_MS), format: 'object' as const }
    const extended = await reformatKey({ privateKey, userIDs: [{ name: 'Foo' }], ...options })
    for (const keys of [
      [publicKey, extended.publicKey],
      [extended.publicKey, publicKey],
    ]) {
      expect((await verify({ signature: signed, keys: keys.map((one) => one.armor()) })).warning).toBeUndefined()
    }
  })

  // Also for a key that was only retired: the CLIs refuse both (protocol.md C17).
  test.each([enums.reasonForRevocation.keyCompromised, enums.reasonForRevocation.keyRetired])(
    'a revoked key is refused, though it signed before (reason %i)',
    async (flag) => {
      const pair = await makeKey()
      const signed = await signWith(pair.privateKey)
      const revocation = { key: pair.privateKey, reasonForRevocation: { flag, string: '' }, date: new Date(NOW - DAY_MS) }
      const revoked = await revokeKey({ ...revocation, format: 'object' })
      const revokedArmor = revoked.publicKey.armor()
      expect(await reasonOf({ signature: signed, keys: [revokedArmor] })).toBe('revoked_key')
      // An older copy without the revocation does not help.
      expect(await reasonOf({ signature: signed, keys: [pair.publicKey.armor(), revokedArmor] })).toBe('revoked_key')
    },
  )

  test('a revoked sub-key is refused', async () => {
    const pair = await makeKey({ subkeys: [{ sign: true }] })
    const signed = await signWith(pair.privateKey)
    const subkey = pair.privateKey.subkeys[0] as Subkey
    const primary = pair.privateKey.keyPacket as Parameters<Subkey['revoke']>[0]
    pair.privateKey.subkeys[0] = await subkey.revoke(primary, {}, new Date(NOW - DAY_MS))
    expect(await reasonOf({ signature: signed, keys: [pair.privateKey.toPublic().armor()] })).toBe('revoked_key')
  })
})
