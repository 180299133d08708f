import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Listening } from '../base/http/listen.ts'
import type { LocalTls } from '../base/tls/local-ca.ts'
import type { Config } from '../config/config-schema.ts'

interface WelcomeFacts {
  readonly listening: Listening
  readonly tls: LocalTls | undefined
  /** One-time token that makes the first administrator; `undefined` when there is one. */
  readonly setupToken: string | undefined
}

/**
 * Tells the person at the terminal the addresses, how to sign in and how to use the mirror, and keeps the CLI configuration as
 * a file. Written to standard error, beside the log; left out when the log is JSON by choice, which is then read by machines.
 */
export async function writeWelcome(config: Config, facts: WelcomeFacts): Promise<void> {
  const https = httpsAddress(config, facts)
  const cliFile = resolve(config.dataDir, 'terrace.tfrc')
  if (https !== undefined) await writeFile(cliFile, cliConfiguration(https), { mode: 0o644 })
  if (config.logging.format === 'json') return
  const text = [
    addresses(config, facts),
    signIn(facts),
    ...(https === undefined ? [noHttps()] : [useIt(config, { https, cliFile, ...facts })]),
  ]
  process.stderr.write(`\n${text.join('\n\n')}\n\n`)
}

function httpsAddress({ server }: Config, { listening }: WelcomeFacts): string | undefined {
  if (server.publicUrl.startsWith('https:')) return server.publicUrl.replace(/\/+$/, '')
  if (listening.localTlsPort !== undefined) return `https://localhost:${listening.localTlsPort}`
  return server.tlsEnabled ? `https://localhost:${listening.port}` : undefined
}

function addresses({ server }: Config, { listening }: WelcomeFacts): string {
  const lines = [`  ${server.tlsEnabled ? 'https' : 'http'}://localhost:${listening.port}`]
  if (listening.localTlsPort !== undefined) lines.push(`  https://localhost:${listening.localTlsPort}   (certificate of a local CA)`)
  if (server.publicUrl !== '') lines.push(`  ${server.publicUrl}   (public address)`)
  return `Terrace answers at\n${lines.join('\n')}`
}

function signIn({ setupToken }: WelcomeFacts): string {
  if (setupToken === undefined) return 'Sign in with\n  npx terrace login'
  return `There is no administrator yet. Make the first one with this one-time token:\n  ${setupToken}\n  npx terrace setup`
}

function useIt(
  config: Config,
  { https, cliFile, tls }: { readonly https: string; readonly cliFile: string; readonly tls: LocalTls | undefined },
): string {
  const lines = [`  export TF_CLI_CONFIG_FILE=${shellWord(cliFile)}`]
  // The folder beside the system's own, so that other hosts stay trusted; SSL_CERT_FILE would replace them.
  const folder = join(resolve(config.dataDir), 'tls')
  if (tls !== undefined) lines.unshift(`  export SSL_CERT_DIR=${shellWord(`${folder}:/etc/ssl/certs`)}`)
  const mac =
    tls === undefined || process.platform !== 'darwin'
      ? ''
      : `\n  (macOS: open ${shellWord(tls.caPath)} once and trust it instead of SSL_CERT_DIR)`
  return [
    `Load providers:\n  npx terrace mirror load FILE --wait`,
    `Use the mirror in a shell (${cliFile} says ${https}/v1/mirror/):\n${lines.join('\n')}${mac}`,
  ].join('\n\n')
}

function noHttps(): string {
  return 'Terraform needs https. Set server.local_tls_port, or server.tls_enabled with a certificate, or put a TLS proxy in front\nand name its address in server.public_url.'
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** CLI configuration that takes the providers of the public registry from this mirror, and all others from where they live. */
function cliConfiguration(https: string): string {
  return `# Made by Terrace at each start. Name it in TF_CLI_CONFIG_FILE, or copy the block into ~/.terraformrc.
provider_installation {
  network_mirror {
    url     = "${https}/v1/mirror/"
    include = ["registry.terraform.io/*/*"]
  }
  direct {
    exclude = ["registry.terraform.io/*/*"]
  }
}
`
}
