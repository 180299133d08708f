import { readFileSync } from 'node:fs'
import { armor as armorBytes, createMessage, enums, generateKey, type PrivateKey, type PublicKey, revokeKey } from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { RegistryError } from '../../base/errors.ts'
import { readSigningKey } from './signing-key.ts'

const MADE = new Date(Date.UTC(2026, 0, 1))
let publicKey: PublicKey
let privateKey: PrivateKey
beforeAll(async () => {
  const pair = await generateKey({ userIDs: [{ name: 'Foo', email: 'foo@example.com' }], date: MADE, format: 'object' })
  publicKey = pair.publicKey
  privateKey = pair.privateKey
})

async function refusalOf(armor: string): Promise<string> {
  const error = await readSigningKey(armor).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RegistryError)
  expect((error as RegistryError).code).toBe('INVALID_SIGNING_KEY')
  return (error as RegistryError).message.replace('Cannot use the signing key: ', '')
}

describe('reading a signing key', () => {
  test('its identity, user and normalised armor are told', async () => {
    const fingerprint = publicKey.getFingerprint().toUpperCase()
    expect(await readSigningKey(publicKey.armor())).toEqual({
      fingerprint,
      keyId: fingerprint.slice(-16),
      userId: 'Foo <foo@example.com>',
      asciiArmor: expect.stringMatching(
        /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n([A-Za-z0-9+/=]{1,64}\n)+-----END PGP PUBLIC KEY BLOCK-----\n/,
      ),
    })
  })

  test('the key of HashiCorp is read with its expiry', async () => {
    const armor = readFileSync(new URL('./vectors/hashicorp.asc', import.meta.url), 'utf8')
    const key = await readSigningKey(armor)
    expect(key).toMatchObject({ fingerprint: 'C874011F0AB405110D02105534365D9472D7468F', keyId: '34365D9472D7468F' })
    expect(new Date(key.expiresAt ?? 0).toISOString()).toMatch(/^2030-03-/)
  })

  // protocol.md C16: the CLIs accept expired keys, and old versions need them.
  test('an expired key is accepted and says so', async () => {
    const expired = await generateKey({ userIDs: [{ name: 'Foo' }], date: MADE, keyExpirationTime: 86_400, format: 'object' })
    expect(await readSigningKey(expired.publicKey.armor())).toMatchObject({ expiresAt: MADE.getTime() + 86_400_000 })
  })

  // protocol.md C27, C29b, C29c: what clients forgive, we forgive, and then hand out the plain form.
  test.each<[string, (armor: string) => string]>([
    ['CRLF line ends', (armor) => armor.replaceAll(/\r?\n/g, '\r\n')],
    ['leading text', (armor) => `pub ed25519 2026-01-01\n${armor}`],
    ['trailing text', (armor) => `${armor}\nregards\n`],
    ['headers', (armor) => armor.replace('-----\n\n', '-----\nVersion: GnuPG v2\nComment: hello\n\n')],
    ['no CRC line', (armor) => armor.replace(/\n=.{4}\n/, '\n')],
    ['long lines', (armor) => armor.replace(/(\S{60,})\n(\S{60,})\n/g, '$1$2\n')],
  ])('%s make no difference', async (_name, change) => {
    const original = publicKey.armor().replaceAll('\r\n', '\n')
    expect(await readSigningKey(change(original))).toEqual(await readSigningKey(original))
  })

  test('control characters of a user id are not passed on', async () => {
    const odd = await generateKey({ userIDs: [{ name: 'Foo\u001b[31m\nBar' }], date: MADE, format: 'object' })
    expect((await readSigningKey(odd.publicKey.armor())).userId).toBe('Foo [31m Bar')
  })
})

describe('refusing a signing key', () => {
  // protocol.md C26b: terraform takes a private block without a word.
  test('a private key block is refused and not repeated', async () => {
    const armor = privateKey.armor()
    const error = (await readSigningKey(armor).catch((thrown: unknown) => thrown)) as RegistryError
    expect(error.message).toContain('private key')
    expect(JSON.stringify([error.message, error.hint, error.detail])).not.toContain(armor.split('\n')[3]?.trim())
  })

  test('a private key in a public block is refused', async () => {
    const disguised = armorBytes(enums.armor.publicKey, privateKey.write())
    expect(await refusalOf(disguised)).toContain('private key')
  })

  test('a revoked key is refused', async () => {
    const { publicKey: revoked } = await revokeKey({ key: privateKey, format: 'object' })
    expect(await refusalOf(revoked.armor())).toBe('its owner has revoked it')
  })

  test('two blocks are refused', async () => {
    expect(await refusalOf(publicKey.armor() + publicKey.armor())).toBe('it holds several armored blocks')
  })

  test('two keys in one block are refused', async () => {
    const { publicKey: second } = await generateKey({ userIDs: [{ name: 'Bar' }], format: 'object' })
    const both = armorBytes(enums.armor.publicKey, Buffer.concat([publicKey.write(), second.write()]))
    expect(await refusalOf(both)).toBe('it holds several keys')
  })

  test('a key with a tampered self-signature is refused', async () => {
    const bytes = Buffer.from(publicKey.write())
    const userId = bytes.indexOf('Foo')
    bytes.write('Fox', userId)
    expect(await refusalOf(armorBytes(enums.armor.publicKey, bytes))).toContain('no part that may sign')
  })

  test('a short RSA key is refused', async () => {
    const pair = await generateKey({
      type: 'rsa',
      rsaBits: 1024,
      userIDs: [{ name: 'Foo' }],
      format: 'object',
      config: { minRSABits: 1024 },
    })
    expect(await refusalOf(pair.publicKey.armor())).toBe('its algorithm or length is too weak')
  })

  // protocol.md C26, C29: other blocks, lost lines, junk.
  test.each<[string, () => string | Promise<string>]>([
    ['an empty text', () => ''],
    ['plain text', () => 'my key'],
    ['a signed message', async () => (await createMessage({ text: 'x' })).armor()],
    ['a signature block', () => armorBytes(enums.armor.signature, new Uint8Array(10))],
    ['a block without an end', () => publicKey.armor().slice(0, 300)],
    ['a block on one line', () => publicKey.armor().replaceAll(/\r?\n/g, ' ')],
    ['a block with foreign characters', () => publicKey.armor().replace(/\n\n..../, '\n\n????')],
    ['an empty block', () => '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n'],
    ['a block of junk', () => armorBytes(enums.armor.publicKey, Buffer.alloc(300, 0x5a))],
  ])('%s is refused', async (_name, make) => {
    expect(await refusalOf(await make())).toBe('it is not an armored public key block')
  })

  test('a huge text is refused', async () => {
    expect(await refusalOf('x'.repeat(600_000))).toContain('characters')
  })
})
