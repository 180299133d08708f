import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { usageError } from '../cli-error.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import type { CliEnvironment } from '../environment.ts'
import type { StoredCredentials } from './credentials-file.ts'

/** The server that a command asks. */
export interface ChosenServer {
  /** Origin: scheme, host and port, no path. */
  readonly url: string
  /** PEM file to trust beside the usual certificates. */
  readonly caFile: string | undefined
}

export interface ServerChoice {
  readonly options: CommonOptions
  readonly environment: CliEnvironment
  readonly stored: StoredCredentials
  readonly cwd: string
}

/** Where a server that was started in this folder keeps the certificate of its local CA. */
const LOCAL_CA = join('data', 'tls', 'ca.pem')
const LOCAL_URL = 'https://localhost:8443'

/**
 * Decides by, in this order: flag, `TERRACE_SERVER`, where the user has signed in, a server that was started in this folder.
 * The certificate of that local server is trusted for addresses of this machine only.
 *
 * @throws {CliError} exit code 2 when there is no address, or it is none.
 */
export function chooseServer({ options, environment, stored, cwd }: ServerChoice): ChosenServer {
  const localCa = join(cwd, LOCAL_CA)
  const hasLocalCa = existsSync(localCa)
  const named = options.server ?? environment.server ?? stored.current ?? (hasLocalCa ? LOCAL_URL : undefined)
  if (named === undefined) {
    throw usageError('Cannot choose a server: no address is given', 'Run: terrace login URL, or use --server or TERRACE_SERVER')
  }
  const url = readServerUrl(named)
  const caFile = options.caFile ?? environment.caFile ?? storedCa(stored, url)
  return { url, caFile: caFile ?? (hasLocalCa && isLoopback(new URL(url)) ? localCa : undefined) }
}

// The file may have gone with the folder that the server ran in; then the usual certificates are tried.
function storedCa({ servers }: StoredCredentials, url: string): string | undefined {
  const file = servers[url]?.ca_file
  return file !== undefined && existsSync(file) ? file : undefined
}

/** The origin of an address as people type it: `registry.example.com` means https. @throws {CliError} exit code 2. */
export function readServerUrl(text: string): string {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`)
  if (url !== null && url.username === '' && url.password === '' && url.pathname === '/' && url.search === '' && url.hash === '') {
    return url.origin
  }
  throw usageError(`Cannot use server "${text}": it is no address of the form https://HOST[:PORT]`)
}

/** Whether the address is one of this machine itself. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
