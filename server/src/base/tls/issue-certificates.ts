import 'reflect-metadata'
import { createHash, createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { UnixMs } from '../clock.ts'

const DAY_MS = 86_400_000
const CA_LIFE_DAYS = 3650
// Browsers and Apple's TLS refuse server certificates that live longer than 398 days.
const SERVER_LIFE_DAYS = 397
// A client whose clock is a little slow must not take a fresh certificate for one from the future.
const CLOCK_SKEW_MS = 3_600_000

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' }
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' }

/** Keys (P-256) that a certificate is made from. */
export interface CertificateAuthorityKey {
  readonly caKey: KeyObject
  readonly now: UnixMs
}

/** What a server certificate is about. */
export interface ServerCertificateInput extends CertificateAuthorityKey {
  readonly serverKey: KeyObject
  /** Host names and IP addresses; canonical ASCII. */
  readonly names: readonly string[]
  /** End of the authority's certificate: no certificate outlives its issuer. */
  readonly caExpiresAt: UnixMs
}

// Positive and never zero, as RFC 5280 section 4.1.2.2 demands.
const newSerialNumber = (): string => `4${randomBytes(16).toString('hex').slice(1)}`

// The same objects by two type definitions: Node's list of usages is longer than the one the library was compiled against.
const publicKeyOf = (key: KeyObject) => createPublicKey(key).toCryptoKey(CURVE, true, ['verify']) as CryptoKey
const signingKeyOf = (key: KeyObject) => key.toCryptoKey(CURVE, false, ['sign']) as CryptoKey

/** Depends on the key alone: a certificate that is made anew for the same key still fits everything it signed. */
const caNameOf = (key: KeyObject): string => {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return `CN=Terrace local CA ${createHash('sha256').update(spki).digest('hex').slice(0, 8)}`
}

/** The certificate (PEM) of a local authority: ten years, signs servers only, no authorities below it. */
export async function issueCaCertificate({ caKey, now }: CertificateAuthorityKey): Promise<string> {
  const publicKey = publicKeyOf(caKey)
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: caNameOf(caKey),
    keys: { publicKey, privateKey: signingKeyOf(caKey) },
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + CA_LIFE_DAYS * DAY_MS),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

/** A server certificate (PEM) for the names, signed by the authority: 397 days, but not longer than the authority's own. */
export async function issueServerCertificate(input: ServerCertificateInput): Promise<string> {
  const { caKey, serverKey, names, now, caExpiresAt } = input
  const publicKey = publicKeyOf(serverKey)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: 'CN=Terrace',
    issuer: caNameOf(caKey),
    publicKey,
    signingKey: signingKeyOf(caKey),
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(Math.min(now + SERVER_LIFE_DAYS * DAY_MS, caExpiresAt)),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(publicKeyOf(caKey)),
    ],
  })
  return `${certificate.toString('pem')}\n`
}
