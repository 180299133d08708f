import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { RegistryError } from '../../../base/errors.ts'
import { originOf } from '../../../base/http/edge-types.ts'
import { formatKeyScope, parseKeyScope } from '../key-scope.ts'
import type { RefreshDeps } from '../trust-deps.ts'
import { listKeySourceRows } from './key-source-queries.ts'
import { type KeySource, listKeySources } from './key-sources.ts'
import { refreshNow, type SourceRefresh } from './refresh-due-keys.ts'

const TIME = Type.Union([Type.String({ format: 'date-time' }), Type.Null()])
const SOURCE = {
  scope: Type.String({ description: 'HOST/NAMESPACE or HOST/NAMESPACE/TYPE' }),
  url: Type.String(),
  fingerprints: Type.Array(Type.String(), { description: 'Only keys with one of these may come from there' }),
}

const KeySourceView = Type.Object(
  {
    ...SOURCE,
    checked_at: TIME,
    succeeded_at: TIME,
    failure: Type.Union([Type.String(), Type.Null()], { description: 'Why the last try failed' }),
    next_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'Not before; null: when a mirror of the upstream is set up',
    }),
  },
  { $id: 'SigningKeySource' },
)

const KeyRefreshView = Type.Object(
  {
    ...SOURCE,
    outcome: Type.Enum(['unchanged', 'extended', 'added', 'revoked', 'failed']),
    fingerprint: Type.Union([Type.String(), Type.Null()]),
    failure: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'SigningKeyRefresh' },
)

const RefreshBody = Type.Object(
  { scope: Type.Optional(Type.String({ minLength: 3, maxLength: 400, description: 'Only the sources of this scope; default: all' })) },
  { additionalProperties: false, examples: [{ scope: 'registry.terraform.io/hashicorp' }] },
)

/** The addresses that signing keys are refreshed from, and doing it now. Source: requirements.md MIR-12, MIR-13. */
export const keySourceRoutes =
  (deps: RefreshDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const listSchema = {
      summary: 'List the addresses that signing keys are refreshed from',
      response: { 200: Type.Object({ items: Type.Array(KeySourceView) }) },
    }
    app.get('/api/v1/admin/signing-keys/sources', { config: { requires: 'mirrors:read' }, schema: listSchema }, async () => {
      const rows = await listKeySourceRows(deps.database.db)
      const find = (source: KeySource) => rows.find(({ scope, url }) => scope === formatKeyScope(source) && url === source.url)
      return { items: listKeySources(deps.config).map((source) => presentSource(source, find(source))) }
    })

    const refreshSchema = {
      summary: 'Refresh signing keys now',
      body: RefreshBody,
      response: { 200: Type.Object({ items: Type.Array(KeyRefreshView) }) },
    }
    const config = { requires: 'mirrors:manage', action: 'signing_key.refresh' } as const
    app.post('/api/v1/admin/signing-keys/refresh', { config, schema: refreshSchema }, async (request) => {
      const sources = chooseSources(deps, request.body.scope)
      return { items: (await refreshNow(deps, sources, originOf(request))).map(presentRefresh) }
    })
  }

function chooseSources({ config }: RefreshDeps, text: string | undefined): readonly KeySource[] {
  const all = listKeySources(config)
  if (text === undefined) return all
  const scope = formatKeyScope(parseKeyScope(text))
  const found = all.filter((source) => formatKeyScope(source) === scope)
  if (found.length > 0) return found
  throw new RegistryError('SIGNING_KEY_NOT_FOUND', `Cannot refresh the signing keys of "${scope}": no address is configured for it`, {
    hint: 'Name the address and the fingerprint in "mirror.signing_key_sources", or add the key by hand: terrace signing-key add',
  })
}

const publicPartOf = (source: KeySource) => ({ scope: formatKeyScope(source), url: source.url, fingerprints: [...source.fingerprints] })
const iso = (time: number | null | undefined) => (time === null || time === undefined ? null : new Date(time).toISOString())

function presentSource(source: KeySource, row: Awaited<ReturnType<typeof listKeySourceRows>>[number] | undefined) {
  return {
    ...publicPartOf(source),
    checked_at: iso(row?.checkedAt),
    succeeded_at: iso(row?.succeededAt),
    failure: row?.failure ?? null,
    next_at: iso(row?.nextAt),
  }
}

function presentRefresh({ source, outcome, fingerprint, error }: SourceRefresh): Static<typeof KeyRefreshView> {
  return { ...publicPartOf(source), outcome, fingerprint: fingerprint ?? null, failure: error?.message ?? null }
}
