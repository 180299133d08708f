import type { Scope } from '../features/access/index.ts'

/**
 * Who may call a route.
 *
 * - `public`: everybody, whatever credential comes along.
 * - `signed link`: everybody with the link; credentials make no difference.
 * - `anyone`: whoever sends no credential or a right one; what is private is hidden by the handler.
 * - `authenticated`: any right credential. `a session`: of these a signed-in person, not a key.
 * - `SCOPE in the registry`: held for everything. `SCOPE in an organisation`: held there or for everything, and the handler
 *   compares it with the organisation of what is asked for.
 */
export type Caller =
  | 'public'
  | 'signed link'
  | 'anyone'
  | 'authenticated'
  | 'a session'
  | `${Scope} in the registry`
  | `${Scope} in an organisation`

/** The authorisation matrix: one row for every route there is, written by hand. */
export const EXPECTATIONS: Readonly<Record<string, Caller>> = {
  // What the server says about itself.
  'GET /openapi.json': 'public',
  'GET /swagger.json': 'public',
  'GET /.well-known/terraform.json': 'public',
  'GET /livez': 'public',
  'GET /readyz': 'public',
  'GET /health': 'public',
  'GET /api-docs': 'public',
  'GET /api-docs/': 'public',
  'GET /api-docs/swagger-ui.css': 'public',
  'GET /api-docs/swagger-ui-bundle.js': 'public',
  'GET /api-docs/favicon-32x32.png': 'public',
  'OPTIONS /api/*': 'public',

  // The protocols.
  'GET /v1/providers/:namespace/:type': 'anyone',
  'GET /v1/providers/:namespace/:type/versions': 'anyone',
  'GET /v1/providers/:namespace/:type/:version': 'anyone',
  'GET /v1/providers/:namespace/:type/:version/download/:os/:arch': 'anyone',
  'GET /v1/mirror/:hostname/:namespace/:type/index.json': 'anyone',
  'GET /v1/mirror/:hostname/:namespace/:type/:file': 'anyone',
  'GET /v1/providers/:hostname/:namespace/:type/index.json': 'anyone',
  'GET /v1/providers/:hostname/:namespace/:type/:file': 'anyone',
  'GET /v1/modules': 'anyone',
  'GET /v1/modules/': 'anyone',
  'GET /v1/modules/search': 'anyone',
  'GET /v1/modules/:namespace': 'anyone',
  'GET /v1/modules/:namespace/:name': 'anyone',
  'GET /v1/modules/:namespace/:name/:system': 'anyone',
  'GET /v1/modules/:namespace/:name/:system/versions': 'anyone',
  'GET /v1/modules/:namespace/:name/:system/download': 'anyone',
  'GET /v1/modules/:namespace/:name/:system/:version': 'anyone',
  'GET /v1/modules/:namespace/:name/:system/:version/download': 'anyone',
  'GET /v1/upstream/:hostname/modules/:namespace/:name/:system/versions': 'anyone',
  'GET /v1/upstream/:hostname/modules/:namespace/:name/:system/:version/download': 'anyone',
  'GET /v1/upstream/:hostname/modules/:namespace/:name/:system/:version/archive.tar.gz': 'signed link',
  'GET /files/*': 'signed link',
  'GET /shasums/:versionId/:filename': 'signed link',
  'GET /pull/:hostname/:namespace/:type/:version/:filename': 'signed link',

  // Signing in.
  'GET /api/v1/auth/methods': 'public',
  'POST /api/v1/auth/login': 'public',
  'POST /admin/api/login': 'public',
  'POST /api/v1/auth/dev-login': 'public',
  'GET /api/v1/auth/sso/:name/start': 'public',
  'GET /api/v1/auth/sso/:name/callback': 'public',
  'GET /oauth/authorize': 'public',
  'POST /oauth/authorize': 'public',
  'POST /oauth/sign-in': 'public',
  'POST /oauth/token': 'public',
  'POST /api/v1/auth/token-exchange': 'public',
  'GET /api/v1/setup/status': 'public',
  'POST /api/v1/setup': 'public',

  // One's own account.
  'GET /api/v1/auth/me': 'authenticated',
  'POST /api/v1/auth/logout': 'authenticated',
  'POST /admin/api/logout': 'authenticated',
  'PUT /api/v1/auth/password': 'a session',
  'GET /api/v1/auth/sessions': 'a session',
  'DELETE /api/v1/auth/sessions/:id': 'a session',
  'GET /api/v1/apikeys': 'authenticated',
  'POST /api/v1/apikeys': 'authenticated',
  'PUT /api/v1/apikeys/:id': 'authenticated',
  'POST /api/v1/apikeys/:id/rotate': 'authenticated',
  'DELETE /api/v1/apikeys/:id': 'authenticated',
  'GET /api/v1/api-keys': 'authenticated',
  'POST /api/v1/api-keys': 'authenticated',
  'PUT /api/v1/api-keys/:id': 'authenticated',
  'POST /api/v1/api-keys/:id/rotate': 'authenticated',
  'DELETE /api/v1/api-keys/:id': 'authenticated',

  // Other people's accounts.
  'GET /api/v1/users': 'users:read in the registry',
  'POST /api/v1/users': 'users:manage in the registry',
  'GET /api/v1/users/:id': 'users:read in the registry',
  'PATCH /api/v1/users/:id': 'users:manage in the registry',
  'PUT /api/v1/users/:id': 'users:manage in the registry',
  'DELETE /api/v1/users/:id': 'users:manage in the registry',
  'GET /api/v1/users/:id/sessions': 'users:read in the registry',
  'DELETE /api/v1/users/:id/sessions': 'users:manage in the registry',
  'DELETE /api/v1/users/:id/sessions/:session_id': 'users:manage in the registry',
  'PUT /api/v1/users/:id/password': 'users:manage in the registry',

  // Organisations, their members and roles. Any right credential lists what its holder belongs to.
  'GET /api/v1/organizations': 'authenticated',
  'POST /api/v1/organizations': 'admin in the registry',
  'GET /api/v1/organizations/:name': 'authenticated',
  'PATCH /api/v1/organizations/:name': 'admin in an organisation',
  'PUT /api/v1/organizations/:name': 'admin in an organisation',
  'DELETE /api/v1/organizations/:name': 'admin in the registry',
  'GET /api/v1/organizations/:name/members': 'users:read in an organisation',
  'POST /api/v1/organizations/:name/members': 'users:manage in an organisation',
  'PUT /api/v1/organizations/:name/members/:user_id': 'users:manage in an organisation',
  'DELETE /api/v1/organizations/:name/members/:user_id': 'users:manage in an organisation',
  'GET /api/v1/role-templates': 'authenticated',
  'GET /api/v1/organizations/:name/role-templates': 'authenticated',
  'POST /api/v1/organizations/:name/role-templates': 'users:manage in an organisation',
  'PATCH /api/v1/organizations/:name/role-templates/:role': 'users:manage in an organisation',
  'PUT /api/v1/organizations/:name/role-templates/:role': 'users:manage in an organisation',
  'DELETE /api/v1/organizations/:name/role-templates/:role': 'users:manage in an organisation',

  // What pipelines may do without a stored secret.
  'GET /api/v1/trust-rules': 'admin in an organisation',
  'POST /api/v1/trust-rules': 'admin in an organisation',
  'POST /api/v1/trust-rules/test': 'admin in an organisation',
  'GET /api/v1/trust-rules/:id': 'admin in an organisation',
  'PATCH /api/v1/trust-rules/:id': 'admin in an organisation',
  'DELETE /api/v1/trust-rules/:id': 'admin in an organisation',

  // Lock files. What a configuration requires is read, not kept.
  'GET /api/v1/lock': 'anyone',
  'POST /api/v1/lock': 'authenticated',

  // Namespaces and what is published in them.
  'GET /api/v1/namespaces': 'anyone',
  'POST /api/v1/namespaces': 'admin in an organisation',
  'PATCH /api/v1/namespaces/:name': 'admin in an organisation',
  'DELETE /api/v1/namespaces/:name': 'admin in an organisation',
  'POST /api/v1/providers': 'providers:write in an organisation',
  'POST /api/v1/modules': 'modules:write in an organisation',
  'GET /api/v1/modules/search': 'anyone',
  'GET /api/v1/modules/:namespace/:name/:system': 'anyone',
  'GET /api/v1/modules/:namespace/:name/:system/versions': 'anyone',
  'GET /api/v1/modules/:namespace/:name/:system/diff': 'anyone',
  'GET /api/v1/modules/:namespace/:name/:system/:version': 'anyone',
  'PATCH /api/v1/modules/:namespace/:name/:system': 'modules:write in an organisation',
  'PATCH /api/v1/modules/:namespace/:name/:system/:version': 'modules:write in an organisation',
  'DELETE /api/v1/modules/:namespace/:name/:system': 'modules:write in an organisation',
  'DELETE /api/v1/modules/:namespace/:name/:system/:version': 'modules:write in an organisation',

  // Administration.
  'GET /api/v1/admin/providers': 'mirrors:read in an organisation',
  'PATCH /api/v1/admin/providers/:id': 'mirrors:manage in an organisation',
  'DELETE /api/v1/admin/providers/:id': 'mirrors:manage in an organisation',
  'GET /admin/api/providers': 'mirrors:read in an organisation',
  'PATCH /admin/api/providers/:id': 'mirrors:manage in an organisation',
  'DELETE /admin/api/providers/:id': 'mirrors:manage in an organisation',
  'POST /api/v1/admin/providers/upload': 'mirrors:manage in the registry',
  'POST /admin/api/providers/upload': 'mirrors:manage in the registry',
  'GET /api/v1/admin/signing-keys': 'mirrors:read in the registry',
  'GET /api/v1/admin/signing-keys/sources': 'mirrors:read in the registry',
  'POST /api/v1/admin/signing-keys/refresh': 'mirrors:manage in the registry',
  'POST /api/v1/admin/signing-keys': 'mirrors:manage in the registry',
  'DELETE /api/v1/admin/signing-keys/:id': 'mirrors:manage in the registry',
  'POST /api/v1/admin/signing-keys/:id/retire': 'mirrors:manage in the registry',
  'POST /api/v1/admin/signing-keys/:id/accept': 'mirrors:manage in the registry',
  'POST /api/v1/admin/signing-keys/:id/reject': 'mirrors:manage in the registry',
  'GET /api/v1/admin/mirror-policies': 'mirrors:read in the registry',
  'GET /api/v1/admin/mirror-policies/:id': 'mirrors:read in the registry',
  'POST /api/v1/admin/mirror-policies': 'mirrors:manage in the registry',
  'PATCH /api/v1/admin/mirror-policies/:id': 'mirrors:manage in the registry',
  'DELETE /api/v1/admin/mirror-policies/:id': 'mirrors:manage in the registry',
  'POST /api/v1/admin/mirror-policies/test': 'mirrors:read in the registry',
  'GET /api/v1/admin/mirror-approvals': 'mirrors:read in the registry',
  'GET /api/v1/admin/mirror-approvals/:id': 'mirrors:read in the registry',
  'POST /api/v1/admin/mirror-approvals': 'mirrors:read in the registry',
  'POST /api/v1/admin/mirror-approvals/override': 'mirrors:manage in the registry',
  'POST /api/v1/admin/mirror-approvals/:id/approve': 'mirrors:manage in the registry',
  'POST /api/v1/admin/mirror-approvals/:id/reject': 'mirrors:manage in the registry',
  'GET /api/v1/admin/jobs': 'mirrors:read in the registry',
  'GET /api/v1/admin/jobs/:id': 'mirrors:read in the registry',
  'POST /api/v1/admin/jobs/:id/retry': 'mirrors:manage in the registry',
  'GET /api/v1/admin/jobs/:id/events': 'mirrors:read in the registry',
  'POST /api/v1/admin/jobs/:id/cancel': 'mirrors:manage in the registry',
  'GET /admin/api/jobs': 'mirrors:read in the registry',
  'GET /admin/api/jobs/:id': 'mirrors:read in the registry',
  'POST /admin/api/jobs/:id/retry': 'mirrors:manage in the registry',
  'POST /admin/api/jobs/:id/cancel': 'mirrors:manage in the registry',
  'GET /api/v1/admin/mirrors': 'mirrors:read in an organisation',
  'POST /api/v1/admin/mirrors': 'mirrors:manage in an organisation',
  'GET /api/v1/admin/mirrors/:id': 'mirrors:read in an organisation',
  'PATCH /api/v1/admin/mirrors/:id': 'mirrors:manage in an organisation',
  'DELETE /api/v1/admin/mirrors/:id': 'mirrors:manage in an organisation',
  'POST /api/v1/admin/mirrors/:id/plan': 'mirrors:manage in an organisation',
  'POST /api/v1/admin/mirrors/:id/sync': 'mirrors:manage in an organisation',
  'POST /api/v1/admin/mirrors/:id/cancel': 'mirrors:manage in an organisation',
  'POST /api/v1/admin/mirrors/:id/pause': 'mirrors:manage in an organisation',
  'POST /api/v1/admin/mirrors/:id/resume': 'mirrors:manage in an organisation',
  'GET /api/v1/admin/mirrors/:id/status': 'mirrors:read in an organisation',
  'GET /api/v1/admin/mirrors/:id/history': 'mirrors:read in an organisation',
  'GET /api/v1/admin/mirrors/:id/versions': 'mirrors:read in an organisation',
  'POST /api/v1/admin/bundles/plan': 'mirrors:manage in the registry',
  'POST /api/v1/admin/bundles/links': 'mirrors:manage in the registry',
  'GET /api/v1/admin/imports': 'mirrors:read in the registry',
  'POST /api/v1/admin/imports': 'mirrors:manage in the registry',
  'GET /api/v1/admin/imports/:id': 'mirrors:read in the registry',
  'POST /api/v1/admin/imports/:id/finish': 'mirrors:manage in the registry',
  'PUT /api/v1/admin/imports/:id/providers/:hostname/:namespace/:type/:version': 'mirrors:manage in the registry',
  'PUT /api/v1/admin/imports/:id/modules/:namespace/:name/:system/:version': 'mirrors:manage in the registry',
  'PUT /api/v1/admin/imports/:id/upstream-modules/:hostname/:namespace/:name/:system/:version': 'mirrors:manage in the registry',
  'GET /api/v1/admin/quarantine': 'mirrors:read in the registry',
  'GET /api/v1/admin/quarantine/:id': 'mirrors:read in the registry',
  'POST /api/v1/admin/quarantine/:id/retry': 'mirrors:manage in the registry',
  'POST /api/v1/admin/quarantine/:id/release': 'mirrors:manage in the registry',
  'DELETE /api/v1/admin/quarantine/:id': 'mirrors:manage in the registry',
  'GET /api/v1/admin/notifications': 'mirrors:read in an organisation',
  'POST /api/v1/admin/notifications/:id/read': 'mirrors:manage in an organisation',
  'POST /api/v1/admin/notifications/read': 'mirrors:manage in an organisation',
  'GET /api/v1/admin/upstream-modules': 'mirrors:read in the registry',
  'DELETE /api/v1/admin/upstream-modules/:id': 'mirrors:manage in the registry',
  'GET /api/v1/audit': 'audit:read in the registry',
  'GET /admin/api/audit': 'audit:read in the registry',
  'GET /api/v1/audit/export': 'audit:read in the registry',
  'GET /api/v1/audit/verify': 'audit:read in the registry',
}

/** Scopes that are enough for what needs one, written by hand too: it does not believe the code that it is compared with. */
export const SUFFICIENT: Readonly<Record<Scope, readonly Scope[]>> = {
  'modules:read': ['modules:read', 'modules:write', 'admin'],
  'modules:write': ['modules:write', 'admin'],
  'providers:read': ['providers:read', 'providers:write', 'admin'],
  'providers:write': ['providers:write', 'admin'],
  'mirrors:read': ['mirrors:read', 'mirrors:manage', 'admin'],
  'mirrors:manage': ['mirrors:manage', 'admin'],
  'storage:read': ['storage:read', 'storage:write', 'storage:manage', 'admin'],
  'storage:write': ['storage:write', 'storage:manage', 'admin'],
  'storage:manage': ['storage:manage', 'admin'],
  'users:read': ['users:read', 'users:manage', 'admin'],
  'users:manage': ['users:manage', 'admin'],
  'audit:read': ['audit:read', 'admin'],
  admin: ['admin'],
}

/** What readers may send: a question in a body, and a wish that somebody else grants. */
export const READERS_SEND: readonly string[] = ['POST /api/v1/admin/mirror-policies/test', 'POST /api/v1/admin/mirror-approvals']

/** Changes that nobody needs a credential for: they are how one gets one. */
export const PUBLIC_CHANGES: readonly string[] = [
  'POST /api/v1/auth/login',
  'POST /admin/api/login',
  'POST /api/v1/auth/dev-login',
  'POST /oauth/authorize',
  'POST /oauth/sign-in',
  'POST /oauth/token',
  'POST /api/v1/auth/token-exchange',
  'POST /api/v1/setup',
]
