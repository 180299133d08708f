import { createHash } from 'node:crypto'
import type { UnixMs } from '../../../base/clock.ts'
import { CLOCK_TOLERANCE_SECONDS } from '../../../base/tokens/issuer-keys.ts'
import type { CiTrustDeps } from '../ci-trust-deps.ts'
import { MAX_TOKEN_AGE_SECONDS, type VerifiedClaims } from './identity-verifier.ts'
import { deleteUsedTokens } from './used-token-queries.ts'

/** Kept for longer than any replica accepts the token, whatever its clock says. */
const MARGIN_SECONDS = 3600

/**
 * What makes a token the same one: issuer and `jti`, or what was signed where there is none. Not the signature: for some algorithms
 * anybody can make a second one from the first.
 */
export function tokenKeyOf(token: string, issuer: string, { jti }: VerifiedClaims): string {
  const identity = typeof jti === 'string' && jti !== '' ? ['jti', jti] : ['signed', token.slice(0, token.lastIndexOf('.'))]
  return createHash('sha256')
    .update(JSON.stringify([issuer, ...identity]))
    .digest('hex')
}

/**
 * When a used token may be forgotten: after the end of its life and of the tolerance for clocks, so that there is no time in which
 * it is accepted again. Source: reliability.md row 24
 */
export function forgetAt({ exp, iat }: VerifiedClaims): UnixMs {
  return (Math.min(exp, iat + MAX_TOKEN_AGE_SECONDS) + CLOCK_TOLERANCE_SECONDS + MARGIN_SECONDS) * 1000
}

/** Forgets used tokens that have long expired. Several replicas may do so at once. */
export async function sweepUsedTokens({ database, clock }: Pick<CiTrustDeps, 'database' | 'clock'>): Promise<number> {
  return await deleteUsedTokens(database.db, clock.now())
}
