/**
 * Organisations: who owns namespaces, has members and names sets of scopes for them.
 *
 * A registry for one tenant has one, `default`, whose roles count everywhere; with `multi_tenancy.enabled` there may be many, and a
 * role counts in its own only. Role templates are those of the product, which stay as they are, and those an organisation makes.
 *
 * Invariants:
 * - Nobody gives a scope that they do not hold in that place, and nobody changes or takes what allows more than they may:
 *   `requireOwnScopes`.
 * - `changeRights` runs every change of who may do what, one at a time: somebody always administers the registry and, with several
 *   tenants, each organisation that had an administrator (requirements.md RBA-08).
 * - An organisation that somebody may not know of answers as one that does not exist: `requireOrganization`.
 * - Names of namespaces stay taken when their organisation goes.
 * - The rights of a caller are read at each request, so every change acts on the next one, on every replica.
 *
 * State: rows of `organizations` and `role_templates`; nothing in memory.
 */
export { type Administration, readAdministration, whatIsLeftAlone } from './administrators/administration.ts'
export { lockRights } from './administrators/administrator-queries.ts'
export { changeRights, type RecordedChange, type RightsChange } from './administrators/change-rights.ts'
export type { OrganizationDeps } from './organization-deps.ts'
export type { OrganizationRow } from './organization-queries.ts'
export { organizationRoutes } from './organization-routes.ts'
export { DisplayName, NameText, OrganizationParams, SearchText } from './request-schemas.ts'
export { type OrganizationWish, requireOrganization, requireOwnScopes, visibleOrganizations } from './require-authority.ts'
export { requireRoleTemplate } from './role-templates/change-role-templates.ts'
export type { RoleTemplateRow } from './role-templates/role-template-queries.ts'
export { roleTemplateRoutes } from './role-templates/role-template-routes.ts'
