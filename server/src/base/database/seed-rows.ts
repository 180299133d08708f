/** Organisation that every registry begins with, and the only one of a registry for one tenant. */
export const DEFAULT_ORGANIZATION_ID = '00000000-0000-7000-8000-000000000001'

/** A named set of scopes that comes with the product. */
export interface SystemRoleTemplate {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly scopes: readonly string[]
}

const CONSUMER = ['modules:read', 'providers:read', 'mirrors:read']
const PUBLISHER = [...CONSUMER, 'modules:write', 'providers:write']

/** The six of requirements.md C28, with fixed ids. */
export const SYSTEM_ROLE_TEMPLATES: readonly SystemRoleTemplate[] = [
  { id: '00000000-0000-7000-8000-000000000011', name: 'viewer', description: 'Sees and installs everything', scopes: CONSUMER },
  { id: '00000000-0000-7000-8000-000000000012', name: 'publisher', description: 'Publishes modules and providers', scopes: PUBLISHER },
  {
    id: '00000000-0000-7000-8000-000000000013',
    name: 'devops',
    description: 'Publishes, and manages mirrors',
    scopes: [...PUBLISHER, 'mirrors:manage', 'storage:read'],
  },
  { id: '00000000-0000-7000-8000-000000000014', name: 'admin', description: 'Everything', scopes: ['admin'] },
  {
    id: '00000000-0000-7000-8000-000000000015',
    name: 'user_manager',
    description: 'Manages people and their roles',
    scopes: [...CONSUMER, 'users:manage'],
  },
  {
    id: '00000000-0000-7000-8000-000000000016',
    name: 'auditor',
    description: 'Reads everything, the audit included, and changes nothing',
    scopes: [...CONSUMER, 'users:read', 'audit:read', 'storage:read'],
  },
]

/** A rule about providers of upstreams that comes with the product; it may be changed and deleted like any other. */
export interface SystemMirrorPolicy {
  readonly id: string
  readonly name: string
  readonly priority: number
  readonly effect: 'allow' | 'deny' | 'require_approval'
  readonly upstream: string
  readonly namespace: string
  readonly type: string
  readonly reason: string
}

/**
 * The two of requirements.md DB-08. A new registry mirrors everything, as an administrator who loads providers expects; changing
 * the effect of the second one to `require_approval` or `deny` is all that a curated mirror takes, and the first one then still lets
 * in what nearly everybody needs.
 */
export const SYSTEM_MIRROR_POLICIES: readonly SystemMirrorPolicy[] = [
  {
    id: '00000000-0000-7000-8000-000000000021',
    name: 'HashiCorp providers',
    priority: 10,
    effect: 'allow',
    upstream: 'registry.terraform.io',
    namespace: 'hashicorp',
    type: '*',
    reason: 'Official providers of HashiCorp',
  },
  {
    id: '00000000-0000-7000-8000-000000000022',
    name: 'Everything else',
    priority: 0,
    effect: 'allow',
    upstream: '*',
    namespace: '*',
    type: '*',
    reason: 'Every provider of every upstream may be mirrored',
  },
]
