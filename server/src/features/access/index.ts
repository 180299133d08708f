/**
 * Who may do what: the list of scopes and how they imply each other.
 *
 * Decisions are made by scope, never by the name of a role (requirements.md RBA-01). Every route names the scope it needs; the
 * request chain of `base/http` compares it with `hasScope` and refuses with 403.
 *
 * Invariants:
 * - A scope that is not in `SCOPES` can neither be granted nor asked for: `parseScopes` refuses it, and so does the registration
 *   of a route.
 * - `write` and `manage` imply `read` of the same noun, `manage` implies `write`, `admin` implies everything; nothing else does.
 * - A credential never allows more than its owner: `narrowScopes` at each use, not only when the credential is made.
 * - Where a route is about one organisation, a scope counts that is held there or in the whole registry: `mayIn`.
 * - A key for certain namespaces changes nothing beyond them: `holdsScope` for the whole registry, `mayBeyondNamespaces` for what an
 *   organisation has in no namespace.
 *
 * Pure functions, no state; grants are stored by the accounts feature.
 */
export { holdsScope, mayAnywhere, mayBeyondNamespaces, mayIn, organizationsWhere } from './grants.ts'
export { hasAllScopes, hasAnyScope, hasScope, isScope, narrowScopes, parseScopes, SCOPES, type Scope } from './scopes.ts'
