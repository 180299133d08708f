/**
 * Who calls: users, sessions and API keys.
 *
 * A user signs in with a password and gets a session token (JWT) that says who they are and which session it is, never what they
 * may do; or creates API keys for machines. `createAuthenticator` turns either into an `Actor` for the request chain. The first
 * user comes from the configuration or from a one-time set-up token.
 *
 * Invariants:
 * - No default password, and nothing writable without a credential. The set-up closes with the first user.
 * - Passwords are stored as bcrypt, API keys as HMAC-SHA-256 under a server key, set-up tokens as SHA-256; nothing stored lets
 *   anyone sign in. Secrets are shown once.
 * - Session row, API key row, user and scopes are read at each request: revoking, disabling and changing scopes act at once on
 *   every replica.
 * - An API key never allows more than its owner holds, at creation and at each use, and cannot create further keys, nor give
 *   itself or others more scopes, namespaces or time. The key of a pipeline has its trust rule in place of an owner.
 * - A browser's session lies in a cookie that scripts cannot read, and its changes carry a CSRF token; one request is judged by one
 *   credential, and protocol routes know no cookie.
 * - A new password ends every session of the user in the same transaction; no session opens past it or past disabling. API keys
 *   stay. Nobody sets the password of somebody who holds more than they do.
 * - Signing in without a password (`development/`) is no part of published packages and stops a start in production.
 * - An unknown user, a wrong password and a disabled user cannot be told apart, by answer or by time.
 * - Every change is written to the audit in its own transaction.
 *
 * When keys were used is written in batches, off the path of the request. Sessions and keys survive a restart; the counters of the sign-in rate limit do not.
 */
export type { AccountDeps } from './account-deps.ts'
export { accountRoutes } from './account-routes.ts'
export { revokeKeysOfRule, revokeKeysOfUser } from './api-keys/api-key-queries.ts'
export { createKeyUses, type KeyUses } from './api-keys/key-uses.ts'
export { type IssueLoginKey, issueLoginKey, type RevokeLoginKey, revokeLoginKey } from './api-keys/login-keys.ts'
export { type IssuePipelineKey, issuePipelineKey, type PipelineKey, sweepPipelineKeys } from './api-keys/pipeline-keys.ts'
export { createAuthenticator } from './create-authenticator.ts'
export { requireLocalAccounts } from './passwords/local-accounts.ts'
export { createPasswords } from './passwords/passwords.ts'
export { createSessionOpener, createSignIn } from './sessions/create-sign-in.ts'
export type { SignOnMethod } from './sessions/method-routes.ts'
export type { OpenedSession, OpenSession } from './sessions/open-session.ts'
export { sweepSessions } from './sessions/revoke-sessions.ts'
export { revokeLiveSessions } from './sessions/session-queries.ts'
export type { SignIn } from './sessions/sign-in.ts'
export { ensureFirstAdministrator, type FirstAdministrator } from './setup/ensure-first-administrator.ts'
export { parseUsername } from './usernames.ts'
