/**
 * Single sign-on: people sign in through OpenID providers and Microsoft Entra ID.
 *
 * The authorization code flow with PKCE. `start` keeps an attempt and sends the browser away, `callback` takes the answer, checks it
 * and opens a session of the accounts feature, in a cookie.
 *
 * Invariants:
 * - An answer counts once, for ten minutes, in the browser that asked, from the provider that was asked: the attempt is used up
 *   before anything else is looked at, the state carries a proof of the browser's cookie, each provider has its own redirect URI.
 * - An ID token needs a signature by a key that its issuer lists now, our client id as audience, the nonce of the attempt and a
 *   time that fits. Keys are read again when one is missing, at most every few seconds.
 * - Somebody is who issuer and subject say, nothing else; an e-mail address leads to a user only where `link_by_email` says so, and
 *   only when the issuer vouches for it. Issuers are kept apart.
 * - A disabled user stays disabled. Users made here have no password.
 * - Roles follow the groups at each sign-in, also downwards; those given by hand are left alone.
 * - Tokens of providers are not kept, and reach neither log nor audit nor page.
 */
export type { SignOnDeps } from './sign-on-deps.ts'
export { signOnMethods } from './sign-on-providers.ts'
export { signOnRoutes } from './sign-on-routes.ts'
