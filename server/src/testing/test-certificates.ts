import 'reflect-metadata'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const VALIDITY = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T00:00:00Z') }

/** A throw-away CA and one server certificate of it; all in PEM. */
export interface TestCertificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** For DNS names and IPv4 addresses; `localhost` and `127.0.0.1` are always covered. */
export async function createTestCertificates(hostnames: readonly string[] = []): Promise<TestCertificates> {
  const caKeys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...VALIDITY,
    serialNumber: '01',
    name: 'CN=Test CA',
    keys: caKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  })
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const cert = await certify({
    ca,
    caKey: caKeys.privateKey,
    publicKey: keys.publicKey,
    hostnames: ['localhost', '127.0.0.1', ...hostnames],
  })
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { ca: ca.toString('pem'), cert: cert.toString('pem'), key }
}

function certify(input: {
  ca: X509Certificate
  caKey: CryptoKey
  publicKey: CryptoKey
  hostnames: readonly string[]
}): Promise<X509Certificate> {
  const names = input.hostnames.map((value) => ({ type: /^[\d.]+$/.test(value) ? ('ip' as const) : ('dns' as const), value }))
  return X509CertificateGenerator.create({
    ...VALIDITY,
    serialNumber: '02',
    subject: 'CN=Test server',
    issuer: input.ca.subject,
    signingKey: input.caKey,
    publicKey: input.publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new SubjectAlternativeNameExtension(names), new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)],
  })
}
