/**
 * `terraform login`: a person says in the browser that the CLI may have a token, and the CLI gets it.
 *
 * The authorisation code flow of OAuth 2 with PKCE, for one client, whose listener on the person's own machine is the only place
 * that a code is sent to. The token is an API key of the person, of the kind `login`: on their list, revocable there.
 *
 * Invariants:
 * - Until client and redirect address are known to be right, the answer is a page and never a redirect (reliability.md row 23).
 * - From then on every end of a request reaches the CLI as a code, a refusal as one that the token endpoint turns down: an `error`
 *   would let the CLI wait for ever (protocol.md 5.2).
 * - A code is exchanged at most once, within a minute, with the verifier of its challenge; a second try revokes the token.
 * - Nothing stored can be exchanged or used: codes are kept as SHA-256, refusals not at all.
 * - Every form carries a CSRF token, that of signing in too (reliability.md row 34); pages run no script and sit in no frame.
 */
export { authorizeRoutes } from './authorize-routes.ts'
export type { TerraformLoginDeps } from './terraform-login-deps.ts'
export { tokenRoutes } from './token-routes.ts'
