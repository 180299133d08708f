import { posix } from 'node:path'

/**
 * Features that a feature may use, through their `index.ts` only. `access` and `audit` are open to all of them.
 * The arrows never form a circle; `check-imports.ts` proves it.
 */
export const FEATURE_EDGES: Readonly<Record<string, readonly string[]>> = {
  access: [],
  audit: ['access'],
  accounts: [],
  definitions: [],
  'api-reference': [],
  discovery: [],
  files: [],
  health: [],
  verification: [],
  trust: ['notifications', 'verification'],
  'bundle-files': ['verification'],
  bundles: [
    'definitions',
    'lock-file',
    'mirror-configurations',
    'module-analysis',
    'module-archives',
    'module-pull-through',
    'modules',
    'namespaces',
    'providers',
    'trust',
  ],
  upstreams: ['verification'],
  intake: [],
  'module-archives': [],
  'module-analysis': ['module-archives'],
  'module-search': ['namespaces'],
  namespaces: [],
  organizations: ['namespaces'],
  users: ['accounts', 'organizations'],
  modules: ['intake', 'module-analysis', 'module-archives', 'module-search', 'namespaces'],
  providers: ['intake', 'namespaces', 'trust'],
  publishing: ['intake', 'namespaces', 'providers', 'trust', 'verification'],
  'bundle-import': [
    'bundle-files',
    'intake',
    'mirror',
    'mirror-policies',
    'module-pull-through',
    'modules',
    'notifications',
    'providers',
    'publishing',
    'trust',
    'verification',
  ],
  'lock-file': ['module-analysis', 'namespaces', 'providers'],
  'single-sign-on': ['accounts', 'organizations'],
  'terraform-login': ['accounts'],
  'ci-trust': ['accounts'],
  'key-expiry': [],
  'orphan-privileges': ['intake'],
  'module-pull-through': ['intake', 'mirror-policies', 'module-archives', 'namespaces', 'pull-through', 'upstreams'],
  'pull-through': ['intake', 'mirror', 'providers', 'quarantine', 'trust', 'upstreams'],
  'mirror-configurations': ['mirror', 'mirror-policies', 'namespaces', 'notifications', 'quarantine', 'upstreams'],
  'mirror-policies': ['namespaces', 'notifications'],
  quarantine: ['notifications', 'upstreams', 'verification'],
  mirror: ['definitions', 'intake', 'mirror-policies', 'notifications', 'providers', 'quarantine', 'trust', 'upstreams', 'verification'],
  notifications: [],
}

/** Features that every other feature may use. */
const OPEN_FEATURES = ['access', 'audit']

/** Where a bare package may be imported; a package that is not named here may be imported wherever the workspace declares it. */
export const PACKAGE_ZONES: Readonly<Record<string, { where: RegExp; reason: string }>> = {
  kysely: {
    where: /^server\/src\/(?:base\/(?:database|queue)\/|.*-queries\.ts$)/,
    reason: 'SQL lives in *-queries.ts, base/database and base/queue',
  },
  pg: { where: /^server\/src\/base\/database\//, reason: 'only base/database knows the drivers' },
  ioredis: { where: /^server\/src\/base\/redis\//, reason: 'only base/redis knows the client' },
  'node:sqlite': { where: /^server\/src\/base\/database\//, reason: 'only base/database knows the drivers' },
  undici: { where: /^(?:server\/src\/base\/outbound\/|cli\/)/, reason: 'requests leave through base/outbound' },
  vitest: { where: /^tools\/|\.config\.ts$|\.contract\.ts$/, reason: 'only tests know the test runner' },
}

/** Workspaces of ours that a workspace may import; a `:` narrows it to one file. */
const WORKSPACE_EDGES: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  'api-client': [],
  server: ['protocol'],
  web: ['protocol', 'api-client'],
  // The executable starts the server's commands. Bundles are verified where there is no server, by the code with which servers do it;
  // nothing else of the server is the client's business.
  cli: ['protocol', 'api-client', 'server:src/main.ts', 'server:src/features/bundle-files/index.ts'],
  acceptance: ['protocol', 'api-client', 'server', 'cli'],
  bench: ['protocol', 'api-client', 'server', 'cli', 'acceptance'],
  tools: ['protocol', 'api-client', 'server', 'cli'],
}

/** Tests, and what only tests use: the zones of the product do not bind them, the borders between workspaces do. */
export const isTestFile = (path: string): boolean =>
  /\.(?:test|contract)\.ts$|^server\/src\/(?:testing|authorisation-matrix)\/|^(?:acceptance|bench)\//.test(path)

const featureOf = (path: string): string | undefined => /^server\/src\/features\/(?<name>[^/]+)\//.exec(path)?.groups?.name

function checkWorkspaceBorder(from: string, to: string): string | undefined {
  const [fromWorkspace = '', toWorkspace = ''] = [from.split('/')[0], to.split('/')[0]]
  // A file at the root is a configuration of a tool.
  if (fromWorkspace === toWorkspace || !from.includes('/')) return undefined
  const allowed = WORKSPACE_EDGES[fromWorkspace] ?? []
  const narrow = `${toWorkspace}:${to.slice(toWorkspace.length + 1)}`
  return allowed.includes(toWorkspace) || allowed.includes(narrow) ? undefined : `"${fromWorkspace}" may not use "${toWorkspace}"`
}

function checkServerLayer(from: string, to: string): string | undefined {
  if (to.startsWith('server/src/testing/') && !isTestFile(from)) return 'only tests may use testing/'
  if (!from.startsWith('server/src/') || !to.startsWith('server/src/') || isTestFile(from)) return undefined
  const inLowerLayer = /^server\/src\/(?:base|config)\//.test(from)
  if (inLowerLayer && featureOf(to) !== undefined) return 'base and config may not use a feature'
  const isEntryPoint = (path: string): boolean => posix.dirname(path) === 'server/src' || path.startsWith('server/src/commands/')
  return isEntryPoint(to) && !isEntryPoint(from) ? 'only the entry points use entry points' : undefined
}

function checkFeatureEdge(from: string, to: string): string | undefined {
  const [user, used] = [featureOf(from), featureOf(to)]
  if (used === undefined || used === user || isTestFile(from)) return undefined
  if (posix.basename(to) !== 'index.ts') return `feature "${used}" may be used through its index.ts only`
  if (user === undefined || OPEN_FEATURES.includes(used)) return undefined
  return FEATURE_EDGES[user]?.includes(used) ? undefined : `feature "${user}" may not use feature "${used}" (tools/import-rules.ts)`
}

/** Why one file of the repository may not import another, or `undefined` when it may. */
export function explainForbiddenImport(from: string, to: string): string | undefined {
  return checkWorkspaceBorder(from, to) ?? checkServerLayer(from, to) ?? checkFeatureEdge(from, to)
}

/** Why a file may not import an installed package or a part of Node, or `undefined` when it may. */
export function explainForbiddenPackage(from: string, name: string): string | undefined {
  if (name.startsWith('node:') && /^(?:protocol|web)\/src\//.test(from) && !isTestFile(from))
    return `"${name}": this workspace runs in browsers`
  const zone = PACKAGE_ZONES[name]
  return zone === undefined || isTestFile(from) || zone.where.test(from) ? undefined : `"${name}": ${zone.reason}`
}
