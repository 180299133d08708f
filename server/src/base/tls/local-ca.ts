import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { domainToASCII } from 'node:url'
import type { Clock, UnixMs } from '../clock.ts'
import { createTextFile, findTextFile, replaceTextFile } from './credential-files.ts'

/** What a TLS server needs, and what its clients need to trust it. */
export interface LocalTls {
  /** The authority's certificate as a file, for `SSL_CERT_FILE` and the like; readable by everybody on the machine. */
  readonly caPath: string
  readonly caPem: string
  /** Server certificate, PEM. */
  readonly cert: string
  /** Its private key, PEM (PKCS #8). A secret. */
  readonly key: string
  /** Whether this call wrote `caPath`: at the first start, and once in ten years. Clients have to be told of it then. */
  readonly created: boolean
}

/** Where the files lie and whom the certificate is for. */
export interface LocalTlsInput {
  readonly dir: string
  /** Names the server is reached by, beside `localhost`, `127.0.0.1` and `::1`; as a person or a URL writes them. What is no host name is left out. */
  readonly hostnames: readonly string[]
  readonly clock: Clock
}

const RENEW_BEFORE_MS = 30 * 86_400_000
const SECRET_MODE = 0o600
const PUBLIC_MODE = 0o644
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']

interface Issued {
  readonly key: KeyObject
  readonly pem: string
}

/**
 * A server certificate that clients on this machine can trust, made on the first call and found again on the next ones.
 *
 * `ca.key` and `ca.pem` are the authority: ten years, kept for ever, because people have told their clients to trust it.
 * `server.pem` (key and certificate) is issued anew when it ends within 30 days or the names are others; call this once a day
 * in a server that runs for long. Processes that start at once end with one authority: `ca.key` is created, never replaced, and
 * every certificate made for it fits what it signed. A file that cannot be read stays as it is and stops the start.
 */
export async function ensureLocalTls({ dir, hostnames, clock }: LocalTlsInput): Promise<LocalTls> {
  await mkdir(dir, { recursive: true, mode: 0o755 })
  const now = clock.now()
  const caPath = join(dir, 'ca.pem')
  const caKey = await ensureCaKey(join(dir, 'ca.key'))
  const { pem: caPem, created } = await ensureCaCertificate(caPath, caKey, now)
  const ca = { key: caKey, pem: caPem }
  const server = await ensureServerCertificate(join(dir, 'server.pem'), ca, { now, names: certificateNames(hostnames) })
  return { caPath, caPem, ...server, created }
}

async function ensureCaKey(path: string): Promise<KeyObject> {
  const text = (await findTextFile(path)) ?? (await createTextFile(path, newPrivateKey(), SECRET_MODE)).text
  return parse(path, () => createPrivateKey(text))
}

async function ensureCaCertificate(path: string, caKey: KeyObject, now: UnixMs): Promise<{ pem: string; created: boolean }> {
  const known = await findTextFile(path)
  if (
    known !== undefined &&
    fits(
      parse(path, () => new X509Certificate(known)),
      caKey,
      now,
    )
  )
    return { pem: known, created: false }
  // Loaded only where something is issued: a normal start does without.
  const { issueCaCertificate } = await import('./issue-certificates.ts')
  const pem = await issueCaCertificate({ caKey, now })
  if (known === undefined) {
    const { text, created } = await createTextFile(path, pem, PUBLIC_MODE)
    return { pem: text, created }
  }
  await replaceTextFile(path, pem, PUBLIC_MODE)
  return { pem, created: true }
}

async function ensureServerCertificate(
  path: string,
  ca: Issued,
  { now, names }: { now: UnixMs; names: readonly string[] },
): Promise<{ cert: string; key: string }> {
  const known = splitServerFile(await findTextFile(path))
  if (known !== undefined && serves(known, { ca, names, now })) return known
  const { issueServerCertificate } = await import('./issue-certificates.ts')
  const key = newPrivateKey()
  const caExpiresAt = Date.parse(new X509Certificate(ca.pem).validTo)
  const cert = await issueServerCertificate({ caKey: ca.key, serverKey: createPrivateKey(key), names, now, caExpiresAt })
  await replaceTextFile(path, `${key}${cert}`, SECRET_MODE)
  return { cert, key }
}

/** Whether a stored pair is this authority's, for these names and not about to end. A pair we cannot read is simply made anew. */
function serves(pair: { cert: string; key: string }, { ca, names, now }: { ca: Issued; names: readonly string[]; now: UnixMs }): boolean {
  try {
    const certificate = new X509Certificate(pair.cert)
    const signed = certificate.checkIssued(new X509Certificate(ca.pem)) && certificate.verify(new X509Certificate(ca.pem).publicKey)
    return signed && fits(certificate, createPrivateKey(pair.key), now) && namesOf(certificate).join() === names.join()
  } catch {
    return false
  }
}

/** Whether the certificate is the key's and still good for a while. */
const fits = (certificate: X509Certificate, key: KeyObject, now: UnixMs): boolean =>
  certificate.checkPrivateKey(key) && Date.parse(certificate.validTo) - now > RENEW_BEFORE_MS

/** The names a certificate is for: canonical, each once, sorted, so that two lists can be compared. */
function certificateNames(hostnames: readonly string[]): string[] {
  const names = [...LOOPBACK_NAMES, ...hostnames].map(canonicalName)
  return [...new Set(names.filter((name) => isIP(name) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name)))].sort()
}

function canonicalName(name: string): string {
  // The brackets are how a URL writes an IPv6 address.
  const bare = name.replace(/^\[|\]$|\.$/g, '')
  return isIP(bare) === 0 ? domainToASCII(bare) : canonicalAddress(bare)
}

const namesOf = (certificate: X509Certificate): string[] =>
  (certificate.subjectAltName ?? '')
    .split(', ')
    .map((entry) => (entry.startsWith('IP Address:') ? canonicalAddress(entry.slice(11)) : entry.replace(/^DNS:/, '')))
    .sort()

/** `0:0:0:0:0:0:0:1` and `::1` are one address. */
const canonicalAddress = (address: string): string => (isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address)

const newPrivateKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

function splitServerFile(text: string | undefined): { cert: string; key: string } | undefined {
  const at = text?.indexOf('-----BEGIN CERTIFICATE-----') ?? -1
  return text === undefined || at < 0 ? undefined : { key: text.slice(0, at), cert: text.slice(at) }
}

function parse<Parsed>(path: string, read: () => Parsed): Parsed {
  try {
    return read()
  } catch (cause) {
    throw new Error(`Cannot read "${path}": it is damaged; restore it, or remove the folder and let clients trust the new authority`, {
      cause,
    })
  }
}
