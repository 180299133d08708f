/**
 * Pipelines without stored secrets: trust rules say which identity tokens of CI systems may be exchanged for a key of at most an hour.
 *
 * An administrator of an organisation makes a rule: issuer, audience and patterns for claims on one side; scopes, namespaces and a
 * life on the other. A pipeline sends the token that its CI system gave it and gets a key.
 *
 * Invariants:
 * - Only issuers that an enabled rule names are ever asked for keys, through `base/outbound`.
 * - A token needs a signature by a key that its issuer lists now, with an asymmetric algorithm, and times that fit.
 * - Each token counts once, on all replicas together; it stays used up until nobody accepts it any more.
 * - A rule that would trust everybody at a shared issuer cannot be made. When rules of several organisations fit, the pipeline says
 *   for which it works: nobody else's rule can catch its token.
 * - A key allows what its rule says at the time of each use; disabling, changing or deleting the rule ends its keys at once.
 * - Tokens are not kept and reach neither log nor audit; issuer and subject do.
 */
export type { CiTrustDeps } from './ci-trust-deps.ts'
export { ciTrustRoutes } from './ci-trust-routes.ts'
export { sweepUsedTokens } from './exchange/used-tokens.ts'
