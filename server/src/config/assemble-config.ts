import { join, resolve } from 'node:path'
import { CONFIG_KEYS, type FieldSchema, mapValueSchema } from './config-keys.ts'
import type { Config } from './config-schema.ts'
import { canonicalHostname, originProblem } from './config-texts.ts'

/**
 * The effective settings from checked values by dotted key: names in camel case, paths absolute, host names canonical,
 * defaults that depend on other settings filled in. Frozen all through.
 */
export function assembleConfig(values: ReadonlyMap<string, unknown>, cwd: string): Config {
  const root: Record<string, unknown> = {}
  for (const { key, path, schema } of CONFIG_KEYS) {
    const parent = path.slice(0, -1).reduce((node, name) => childObject(node, camelCase(name)), root)
    parent[camelCase(path.at(-1) ?? key)] = convert(schema, values.has(key) ? values.get(key) : schema.default, cwd)
  }
  return deepFreeze(fillIn(root as unknown as Config))
}

function childObject(parent: Record<string, unknown>, name: string): Record<string, unknown> {
  parent[name] ??= {}
  return parent[name] as Record<string, unknown>
}

function fillIn(config: Config): Config {
  const { dataDir, server, storage, database, providers, security, upstream, mirror } = config
  return {
    ...config,
    server: { ...server, publicUrl: canonicalOrigin(server.publicUrl) },
    security: { ...security, cors: { allowedOrigins: security.cors.allowedOrigins.map(canonicalOrigin) } },
    storage: { ...storage, local: { path: storage.local.path || join(dataDir, 'storage') } },
    database: { ...database, path: database.path || join(dataDir, 'terrace.db') },
    providers: {
      ...providers,
      defaultHostname: canonicalHostname(providers.defaultHostname) ?? providers.defaultHostname,
      trustedKeys: providers.trustedKeys.map((trusted) => ({ ...trusted, scope: canonicalScope(trusted.scope) })),
    },
    mirror: {
      ...mirror,
      upstreams: mirror.upstreams.map((host) => canonicalHostname(host) ?? host),
      unsigned: mirror.unsigned.map(canonicalScope),
      signingKeySources: mirror.signingKeySources.map(({ scope, url, fingerprints }) => ({
        scope: canonicalScope(scope),
        url,
        fingerprints: fingerprints.map((text) => text.replaceAll(/[\s:]/g, '').toUpperCase()),
      })),
    },
    upstream: Object.fromEntries(Object.entries(upstream).map(([host, settings]) => [canonicalHostname(host) ?? host, settings])),
  }
}

function convert(schema: FieldSchema, value: unknown, cwd: string): unknown {
  if (typeof value === 'string') return schema.filePath && value !== '' ? resolve(cwd, value) : value
  if (Array.isArray(value)) return value.map((item) => convert(schema.items ?? {}, item, cwd))
  if (typeof value !== 'object' || value === null) return value
  const { properties } = schema
  const entries = Object.entries(value)
  if (properties === undefined)
    return Object.fromEntries(entries.map(([label, child]) => [label, convert(mapValueSchema(schema) ?? {}, child, cwd)]))
  return Object.fromEntries(entries.map(([name, child]) => [camelCase(name), convert(properties[name] ?? {}, child, cwd)]))
}

/** `local_tls_port` → `localTlsPort`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function canonicalOrigin(text: string): string {
  return text !== '' && originProblem(text) === undefined ? new URL(text).origin : text
}

function canonicalScope(scope: string): string {
  const [host = '', ...rest] = scope.split('/')
  return [canonicalHostname(host) ?? host, ...rest.map((part) => part.toLowerCase())].join('/')
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  for (const child of Object.values(value)) deepFreeze(child)
  return Object.freeze(value)
}
