/**
 * Users of the registry and their roles in organisations: making, changing, disabling and deleting them. How somebody proves who
 * they are is the business of the accounts feature.
 *
 * Invariants:
 * - Nobody gives scopes or roles that allow more than they may themselves, and nobody changes, disables, deletes or takes a role
 *   from somebody who may do more; so a user manager cannot become an administrator by way of another account.
 * - Every change runs in `changeRights` of the organizations feature: the last administrator stays.
 * - Whoever manages one organisation only neither sees the users of others nor makes them members; both answer as if there were no
 *   such user.
 * - No answer has a place for passwords or their hashes; they are not even read.
 * - The audit names what of a person was changed, not their address.
 *
 * State: rows of `users` and `organization_members`; nothing in memory.
 */
export { memberRoutes } from './members/member-routes.ts'
export type { UserDeps } from './user-deps.ts'
export { userRoutes } from './user-routes.ts'
