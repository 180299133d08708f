import { RegistryError } from '../../../base/errors.ts'

/**
 * Why a token counts for nothing. `signature` covers issuers that nobody trusts as well: who may not know the rules does not learn
 * which issuers they name.
 */
export type RefusalReason = 'signature' | 'expired' | 'claims' | 'no_rule' | 'ambiguous' | 'used'

/** A token that leads to no key. */
export function identityTokenRefused(reason: RefusalReason, state: string, cause?: unknown): RegistryError {
  return new RegistryError('IDENTITY_TOKEN_REFUSED', `Cannot exchange the identity token: ${state}`, {
    hint: HINTS[reason],
    detail: { reason },
    cause,
  })
}

const ASK = 'An administrator sees why with: terrace trust-rule test'
const HINTS: Readonly<Record<RefusalReason, string>> = {
  signature: ASK,
  expired: 'Ask for a new token right before the exchange, and check the clocks',
  claims: ASK,
  no_rule: ASK,
  ambiguous: 'Say for which one: "organization", or --organization',
  used: 'Each token counts once; ask for a new one',
}
