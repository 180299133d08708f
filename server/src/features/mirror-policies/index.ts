/**
 * Mirror policies: which providers of which upstreams may come in, and who said so.
 *
 * Rules have a priority; the highest that matches decides (`allow`, `deny`, `require_approval`), of equal ones the strictest, and what
 * no rule matches is denied. People ask for approvals of what needs one; a cool-down holds young versions back.
 *
 * Whoever brings something in asks `MirrorPolicy` before the first request leaves: `decide` about a provider, `decideVersions` about
 * what its upstream lists. `requireAllowed` turns a refusal into an error that explains itself.
 *
 * Invariants:
 * - A namespace that is claimed here, or once was, is not asked for upstream on demand, nor at `providers.default_hostname`; elsewhere
 *   only when a rule that allows names host and namespace without `*`.
 * - Restrictions are read widely, permissions narrowly: no pre-release or build slips past a rule that denies its version.
 * - With two approvals needed, nobody approves what they asked for, and nobody twice.
 * - Every change bumps the catalog revision: it acts with the next question on every replica.
 *
 * State: rows; rules and approvals are kept in memory for as long as the revision stays.
 */

export { approvalRoutes } from './approvals/approval-routes.ts'
export type { PolicyDecision, PolicyRule, PolicySubject, PolicyVerdict } from './decide/policy-types.ts'
export { refusedByPolicy, requireAllowed } from './decide/require-allowed.ts'
export { createMirrorPolicy, type MirrorPolicy, type PolicyContext } from './mirror-policy.ts'
export type { MirrorPolicyDeps } from './mirror-policy-deps.ts'
export { policyRoutes } from './rules/policy-routes.ts'
