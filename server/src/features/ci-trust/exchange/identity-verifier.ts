import { decodeJwt, errors, type JSONWebKeySet, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../base/clock.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Outbound } from '../../../base/outbound/outbound.ts'
import { CLOCK_TOLERANCE_SECONDS, createIssuerKeys, ISSUER_ALGORITHMS } from '../../../base/tokens/issuer-keys.ts'
import type { Claims } from '../rules/claim-patterns.ts'
import { identityTokenRefused } from './token-refusals.ts'

/** Claims that every verified token has. */
export interface VerifiedClaims extends Claims {
  readonly sub: string
  /** Unix seconds, as `iat`. */
  readonly exp: number
  readonly iat: number
}

/** Checks tokens of pipelines. */
export interface IdentityVerifier {
  /**
   * The claims of a token that the issuer has signed and that is in time. The audience is the rules' business.
   *
   * Only call it with an issuer that a rule names: it is asked for its keys.
   * @throws {RegistryError} IDENTITY_TOKEN_REFUSED; UPSTREAM_*, OUTBOUND_BLOCKED when the issuer cannot be asked.
   */
  verify(token: string, issuer: string): Promise<VerifiedClaims>
}

/** However long a token says that it lives. */
export const MAX_TOKEN_AGE_SECONDS = 24 * 3600
const MAX_ANSWER_BYTES = 512 * 1024
const MAX_ISSUERS = 200

/** Certificates that are trusted for an issuer beside the usual ones. */
export interface IssuerTrust {
  readonly auth: { readonly ciIssuer: Readonly<Record<string, { readonly caFile?: string }>> }
}

interface IssuerAccess {
  readonly outbound: Pick<Outbound, 'send'>
  readonly config: IssuerTrust
}

/** Keeps the keys of issuers for ten minutes; an unknown one is looked for at once, but not more than every few seconds. */
export function createIdentityVerifier({
  outbound,
  clock,
  config,
}: {
  readonly outbound: Pick<Outbound, 'send'>
  readonly clock: Clock
  readonly config: IssuerTrust
}): IdentityVerifier {
  const issuers = new LRUCache<string, JWTVerifyGetKey>({ max: MAX_ISSUERS })
  const keysOf = (issuer: string): JWTVerifyGetKey => {
    const known = issuers.get(issuer) ?? createIssuerKeys({ clock, fetchKeys: () => fetchIssuerKeys({ outbound, config }, issuer) })
    issuers.set(issuer, known)
    return known
  }
  return {
    async verify(token, issuer) {
      const options = {
        issuer,
        algorithms: ISSUER_ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        maxTokenAge: MAX_TOKEN_AGE_SECONDS,
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: new Date(clock.now()),
      }
      try {
        return (await jwtVerify(token, keysOf(issuer), options)).payload as unknown as VerifiedClaims
      } catch (error) {
        throw asRefusal(error)
      }
    },
  }
}

/** The claims that a token says it has, unproven; `undefined` for what is no token. */
export function readUnverifiedClaims(token: string): Claims | undefined {
  try {
    return decodeJwt(token)
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

function asRefusal(error: unknown): unknown {
  if (!(error instanceof errors.JOSEError)) return error
  if (error instanceof errors.JWTExpired) return identityTokenRefused('expired', 'it has expired', error)
  if (error instanceof errors.JWTClaimValidationFailed)
    return identityTokenRefused('claims', `its claim "${error.claim}" is not acceptable`, error)
  return identityTokenRefused('signature', 'no key of a trusted issuer has signed it', error)
}

/** Source: OpenID Connect Discovery 1.0, section 4; the issuer in the document must be the one that was asked. */
async function fetchIssuerKeys({ outbound, config }: IssuerAccess, issuer: string): Promise<JSONWebKeySet> {
  const { caFile } = config.auth.ciIssuer[issuer] ?? {}
  const read = (url: string) => fetchJson(outbound, url, caFile)
  const document = await read(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const { issuer: named, jwks_uri: address } = document
  const url = typeof address === 'string' ? URL.parse(address) : null
  if (named !== issuer) throw unusableIssuer(issuer, 'its discovery document names another issuer')
  if (url === null || (url.protocol !== 'https:' && !issuer.startsWith('http://')))
    throw unusableIssuer(issuer, 'it names no keys at an https address')
  const keys = await read(url.href)
  if (!Array.isArray(keys.keys)) throw unusableIssuer(issuer, 'its keys cannot be read')
  return keys as unknown as JSONWebKeySet
}

async function fetchJson(outbound: Pick<Outbound, 'send'>, url: string, caFile: string | undefined): Promise<Record<string, unknown>> {
  const trust = caFile === undefined ? {} : { caFile }
  const { status, body } = await outbound.send(url, { ...trust, headers: { accept: 'application/json' }, maxBytes: MAX_ANSWER_BYTES })
  if (status !== 200) throw unusableIssuer(url, `it answered ${status}`)
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch (cause) {
    throw unusableIssuer(url, 'it did not answer JSON', cause)
  }
  throw unusableIssuer(url, 'it did not answer a JSON object')
}

function unusableIssuer(address: string, state: string, cause?: unknown): RegistryError {
  return new RegistryError('UPSTREAM_REFUSED', `Cannot use the issuer "${address}": ${state}`, {
    hint: 'Compare the issuer of the trust rule with the claim "iss" of the tokens',
    cause,
  })
}
