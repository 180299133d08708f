import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { issueCaCertificate, issueServerCertificate } from '@terrace/server/base/tls/issue-certificates.ts'

/** A made-up certificate authority that vouches for any host name. */
export interface FrontCertificates {
  readonly caPem: string
  /** What a server needs to be this host; issued at the first call, then the same. */
  contextFor(hostname: string): Promise<SecureContext>
}

/** Makes the authority; its key is never written anywhere. */
export async function createFrontCertificates(): Promise<FrontCertificates> {
  const [caKey, serverKey] = [newKey(), newKey()]
  const now = Date.now()
  const caPem = await issueCaCertificate({ caKey, now })
  const issue = async (hostname: string): Promise<SecureContext> => {
    const cert = await issueServerCertificate({ caKey, serverKey, names: [hostname], now, caExpiresAt: Number.MAX_SAFE_INTEGER })
    return createSecureContext({ cert, key: serverKey.export({ type: 'pkcs8', format: 'pem' }) })
  }
  const contexts = new Map<string, Promise<SecureContext>>()
  const contextFor = (hostname: string): Promise<SecureContext> => {
    const context = contexts.get(hostname) ?? issue(hostname)
    contexts.set(hostname, context)
    return context
  }
  return { caPem, contextFor }
}

const newKey = (): KeyObject =>
  createPrivateKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }))
