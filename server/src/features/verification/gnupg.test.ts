import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RegistryError } from '../../base/errors.ts'
import { generateRegistryKey, signShasums } from './registry-signer.ts'
import { readSigningKey } from './signing-key.ts'
import { verifyShasumsSignature } from './verify-shasums-signature.ts'

const SHASUMS = Buffer.from(`${'a'.repeat(64)}  terraform-provider-foo_1.0.0_linux_amd64.zip\n`)
const NOW = Date.now()
const hasGnupg = spawnSync('gpg', ['--version']).status === 0

/** What publishers do: keys and signatures made by GnuPG, in a home of their own. */
describe.skipIf(!hasGnupg)('keys and signatures of GnuPG (when skipped: apt-get install gnupg)', () => {
  let home: string
  const gpg = (args: readonly string[], input?: string): Buffer =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--no-tty', '--pinentry-mode', 'loopback', '--passphrase', '', ...args], {
      input: input ?? '',
      stdio: ['pipe', 'pipe', 'pipe'],
    })

  const makeKey = (name: string, recipe: string, args: readonly string[] = []): Buffer =>
    gpg([...args, '--gen-key'], `%no-protection\n${recipe}\nName-Real: ${name}\nName-Email: ${name}@example.com\n%commit\n`)

  const exportKey = (name: string): string => gpg(['--armor', '--export', `${name}@example.com`]).toString()

  function sign(name: string, args: readonly string[] = []): Buffer {
    writeFileSync(join(home, 'SHA256SUMS'), SHASUMS)
    return gpg([...args, '--local-user', `${name}@example.com`, '--output', '-', '--detach-sign', join(home, 'SHA256SUMS')])
  }

  const verify = (keys: string[], signature: Uint8Array, now = NOW + 60_000) =>
    verifyShasumsSignature({ shasums: SHASUMS, signature, keys, now, expiredKeys: 'warn' })

  async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
    const error = await promise.catch((thrown: unknown) => thrown)
    return error instanceof RegistryError ? error.detail?.reason : error
  }

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'gnupg-'))
    makeKey('rsa', 'Key-Type: RSA\nKey-Length: 2048\nKey-Usage: sign\nExpire-Date: 0')
    makeKey('ed', 'Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign\nExpire-Date: 0')
  }, 60_000)

  afterAll(() => {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    rmSync(home, { recursive: true, force: true })
  })

  test.each(['rsa', 'ed'])('a signature by an %s key verifies', async (name) => {
    const key = await readSigningKey(exportKey(name))
    expect(await verify([exportKey(name)], sign(name))).toMatchObject({ fingerprint: key.fingerprint, key })
  })

  // protocol.md C18; a sub-key must have signed its primary key in turn.
  test('a signature by a sub-key verifies for the primary key', async () => {
    makeKey(
      'sub',
      'Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: cert\nSubkey-Type: EDDSA\nSubkey-Curve: ed25519\nSubkey-Usage: sign\nExpire-Date: 0',
    )
    const key = await readSigningKey(exportKey('sub'))
    expect(await verify([exportKey('sub')], sign('sub'))).toMatchObject({ fingerprint: key.fingerprint })
  })

  // The CLIs know DSA, and older providers are signed with it.
  test('a signature by a DSA key verifies', async () => {
    makeKey('dsa', 'Key-Type: DSA\nKey-Length: 2048\nKey-Usage: sign\nExpire-Date: 0')
    expect(await verify([exportKey('dsa')], sign('dsa'))).toMatchObject({ key: { userId: 'dsa <dsa@example.com>' } })
  })

  test('a key that has expired since verifies with a warning', async () => {
    const then = ['--faked-system-time', '20200101T000000']
    makeKey('expired', 'Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign\nExpire-Date: 5d', then)
    const verified = await verify([exportKey('expired')], sign('expired', then))
    expect(verified.warning).toContain('has expired on 2020-01-06')
  })

  // protocol.md C20
  test('a signature that has itself expired is refused', async () => {
    const signature = sign('ed', ['--default-sig-expire', '1d'])
    expect(await verify([exportKey('ed')], signature)).toMatchObject({ key: { userId: 'ed <ed@example.com>' } })
    expect(await reasonOf(verify([exportKey('ed')], signature, NOW + 2 * 86_400_000))).toBe('signature_expired')
  })

  test('a SHA-1 signature is refused', async () => {
    expect(await reasonOf(verify([exportKey('rsa')], sign('rsa', ['--digest-algo', 'SHA1'])))).toBe('weak_hash')
  })

  test('a text signature is refused', async () => {
    expect(await reasonOf(verify([exportKey('rsa')], sign('rsa', ['--textmode'])))).toBe('bad_signature')
  })

  test('an armored signature is refused', async () => {
    expect(await reasonOf(verify([exportKey('rsa')], sign('rsa', ['--armor'])))).toBe('armored')
  })

  // protocol.md C17
  test('a revoked key is refused for signing and for old signatures', async () => {
    makeKey('revoked', 'Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign\nExpire-Date: 0')
    const signature = sign('revoked')
    const { fingerprint } = await readSigningKey(exportKey('revoked'))
    // GnuPG disables the certificate by a colon, so that nobody imports it by mistake.
    const certificate = readFileSync(join(home, 'openpgp-revocs.d', `${fingerprint}.rev`), 'utf8').replace(/^:-----BEGIN/m, '-----BEGIN')
    gpg(['--import'], certificate.slice(certificate.indexOf('-----BEGIN')))
    expect(await reasonOf(verify([exportKey('revoked')], signature))).toBe('revoked_key')
    await expect(readSigningKey(exportKey('revoked'))).rejects.toThrow('its owner has revoked it')
  })

  // protocol.md C28
  test('a key that may only certify is refused', async () => {
    makeKey('certonly', 'Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: cert\nExpire-Date: 0')
    await expect(readSigningKey(exportKey('certonly'))).rejects.toThrow('it has no part that may sign')
  })

  test('a secret key is refused', async () => {
    await expect(readSigningKey(gpg(['--armor', '--export-secret-keys', 'ed@example.com']).toString())).rejects.toThrow('private key')
  })

  test('GnuPG reads a normalised key and verifies what the registry signs', async () => {
    const key = await generateRegistryKey({ name: 'Example registry', now: NOW - 60_000 })
    writeFileSync(join(home, 'ours.sig'), await signShasums(key.privateArmor, SHASUMS, NOW - 30_000))
    writeFileSync(join(home, 'ours'), SHASUMS)
    gpg(['--import'], (await readSigningKey(key.publicArmor)).asciiArmor)
    const status = gpg(['--status-fd', '1', '--verify', join(home, 'ours.sig'), join(home, 'ours')]).toString()
    expect(status).toContain(`VALIDSIG ${key.fingerprint}`)
  })
})
