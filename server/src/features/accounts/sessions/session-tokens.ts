import { errors, jwtVerify, SignJWT } from 'jose'
import type { Clock, UnixMs } from '../../../base/clock.ts'

/** What a session token says: who, and which session; never what they may do (requirements.md C14). */
export interface SessionClaims {
  readonly userId: string
  readonly sessionId: string
}

/** Makes and reads session tokens. */
export interface SessionTokens {
  sign(claims: SessionClaims, life: { readonly issuedAt: UnixMs; readonly expiresAt: UnixMs }): Promise<string>
  /** The claims of a token that we signed and that has not expired; `undefined` for any other text. */
  verify(token: string): Promise<SessionClaims | undefined>
}

// One algorithm, one issuer, one audience, one type: nothing in a token chooses how it is checked (reliability.md row 22).
const ALGORITHM = 'HS256'
const ISSUER = 'terrace'
const AUDIENCE = 'terrace:session'
const TYPE = 'JWT'

const SESSION_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Whether a secret has the form of a session token; says nothing about its validity. */
export function looksLikeSessionToken(text: string): boolean {
  return SESSION_TOKEN.test(text)
}

/** Session tokens under one key. */
export function createSessionTokens({ jwtKey, clock }: { readonly jwtKey: Uint8Array; readonly clock: Clock }): SessionTokens {
  return {
    sign({ userId, sessionId }, { issuedAt, expiresAt }) {
      return new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setJti(sessionId)
        .setIssuedAt(new Date(issuedAt))
        .setExpirationTime(new Date(expiresAt))
        .sign(jwtKey)
    },
    async verify(token) {
      // The library forgives padding and white space; one token has one form.
      if (!looksLikeSessionToken(token)) return undefined
      try {
        const { payload } = await jwtVerify(token, jwtKey, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: AUDIENCE,
          typ: TYPE,
          requiredClaims: ['sub', 'jti', 'iat', 'exp'],
          currentDate: new Date(clock.now()),
        })
        return claimsOf(payload.sub, payload.jti)
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined
        throw error
      }
    },
  }
}

function claimsOf(userId: unknown, sessionId: unknown): SessionClaims | undefined {
  return typeof userId === 'string' && typeof sessionId === 'string' ? { userId, sessionId } : undefined
}
