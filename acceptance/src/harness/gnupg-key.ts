import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findBinary } from './required-binaries.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)
const ALWAYS = ['--batch', '--yes', '--no-tty', '--pinentry-mode', 'loopback', '--passphrase', '']

/** A publisher's key in a GnuPG home of its own. */
export interface GnupgKey extends AsyncDisposable {
  /** Public key, ASCII-armored. */
  readonly asciiArmor: string
  /** Upper-case hex. */
  readonly fingerprint: string
  /** Detached signature as GnuPG writes it; binary unless `armored`. */
  sign(content: Uint8Array, options?: { readonly armored?: boolean }): Promise<Buffer>
  /** Revokes the key; answers the public key with its revocation, ASCII-armored. */
  revoke(): Promise<string>
  /** The private key, ASCII-armored. */
  exportPrivate(): Promise<string>
}

/** Makes an RSA key, as most publishers have. Needs `gpg`: see `reportMissing`. */
export async function makeGnupgKey(name: string): Promise<GnupgKey> {
  const folder = makeTemporaryFolder('gnupg')
  const env = { PATH: process.env.PATH }
  const gpg = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run(findBinary('gpg') ?? 'gpg', ['--homedir', folder.path, ...ALWAYS, ...args], { env })
    return stdout
  }
  await gpg('--quick-generate-key', `${name} <${name}@example.com>`, 'rsa3072', 'sign', 'never')
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(await gpg('--with-colons', '--list-keys'))?.[1] ?? ''
  const exportPublic = (): Promise<string> => gpg('--armor', '--export', fingerprint)
  return {
    asciiArmor: await exportPublic(),
    fingerprint,
    async sign(content, { armored = false } = {}) {
      const file = join(folder.path, 'content')
      writeFileSync(file, content)
      await gpg(...(armored ? ['--armor'] : []), '--output', `${file}.sig`, '--detach-sign', file)
      return readFileSync(`${file}.sig`)
    },
    async revoke() {
      // GnuPG disables the certificate by a colon, so that nobody imports it by mistake.
      const path = join(folder.path, 'openpgp-revocs.d', `${fingerprint}.rev`)
      const certificate = readFileSync(path, 'utf8').replace(/^:-----BEGIN/m, '-----BEGIN')
      writeFileSync(path, certificate.slice(certificate.indexOf('-----BEGIN')))
      await gpg('--import', path)
      return exportPublic()
    },
    exportPrivate: () => gpg('--armor', '--export-secret-keys', fingerprint),
    async [Symbol.asyncDispose]() {
      await run('gpgconf', ['--homedir', folder.path, '--kill', 'all'], { env })
      folder.remove()
    },
  }
}
