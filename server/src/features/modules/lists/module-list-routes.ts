import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  type ListMeta,
  ModuleDetailDocument,
  ModuleListDocument,
  type ModuleSummaryDocument,
} from '@terrace/protocol/documents/module-documents.ts'
import type { ModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { publicBaseUrl } from '../../../base/http/public-base-url.ts'
import { SearchChoices, searchModules } from '../../module-search/index.ts'
import { readerOf } from '../../namespaces/index.ts'
import { requireLatest, requireModule, requireModuleVersion } from '../module-catalog.ts'
import { ModuleParams, ModuleVersionParams } from '../module-routes.ts'
import type { ModulesDeps } from '../modules-deps.ts'
import { presentDetail, presentMeta } from '../present-module.ts'
import { readDetail } from '../read-detail.ts'
import { readModuleAddress, readModuleVersion } from '../read-module-address.ts'
import { listModuleIds, type ModuleListFilter } from './module-list-queries.ts'
import { readSummaries } from './read-summaries.ts'

const ListQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
  provider: Type.Optional(Type.String({ maxLength: 64 })),
  namespace: Type.Optional(Type.String({ maxLength: 64 })),
  verified: Type.Optional(Type.Boolean({ description: 'No module here is verified by anybody' })),
})
const PageableQuery = Type.Object({
  ...ListQuery.properties,
  after: Type.Optional(
    Type.String({
      maxLength: 194,
      description: 'NAMESPACE/NAME/SYSTEM behind which the page begins, whatever the offset; next_url has it',
    }),
  ),
})
const SearchQuery = Type.Object({
  ...ListQuery.properties,
  ...SearchChoices,
  system: Type.Optional(Type.String({ maxLength: 64, description: 'The same as provider' })),
  q: Type.String({ minLength: 1, maxLength: 256 }),
})

/** Rows of a page when the client does not say, as on the public registry (protocol.md 6.4). */
const DEFAULT_LIMIT = 15

const config = { requires: 'anyone', rateLimitTier: 'protocol' } as const

/** The extended API that renovate, terraform-ls and the like read. Source: protocol.md 6.4. */
export const moduleListRoutes =
  (deps: ModulesDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const response = { 200: ModuleListDocument }
    const answer = async (request: FastifyRequest, query: PageOfList, filter: Omit<ModuleListFilter, 'reader'>) => {
      const page = pageOf(query)
      if (query.verified) return noneVerified(page)
      const wanted = { ...filter, system: query.provider, reader: readerOf(request.actor, 'modules') }
      // One more than is shown tells whether there is a next page, without counting all modules for each.
      const ids = await listModuleIds(deps.database.db, wanted, { ...page, limit: page.limit + 1, after: readAfter(query.after) })
      const modules = await readSummaries(deps, ids.slice(0, page.limit))
      return { meta: continueBehind(presentMeta(page, page.offset + ids.length, listUrl(request)), modules.at(-1)), modules }
    }

    for (const url of ['/v1/modules', '/v1/modules/']) {
      app.get(url, { config, schema: { summary: 'All modules', querystring: PageableQuery, response } }, (request) =>
        answer(request, request.query, { namespace: request.query.namespace }),
      )
    }
    app.get(
      '/v1/modules/search',
      { config, schema: { summary: 'Search modules', querystring: SearchQuery, response } },
      async (request) => {
        const { q, namespace, provider, system = provider, deprecated, sort = 'relevance', verified } = request.query
        const page = pageOf(request.query)
        const reader = readerOf(request.actor, 'modules')
        if (verified) return noneVerified(page)
        const { moduleIds, total } = await searchModules(deps.database.db, { q, namespace, system, deprecated, sort, reader, ...page })
        return { meta: presentMeta(page, total, listUrl(request)), modules: await readSummaries(deps, moduleIds) }
      },
    )
    const NamespaceParams = Type.Object({ namespace: Type.String() })
    app.get(
      '/v1/modules/:namespace',
      { config, schema: { summary: 'Modules of a namespace', params: NamespaceParams, querystring: PageableQuery, response } },
      (request) => answer(request, request.query, request.params),
    )
    const NameParams = Type.Object({ namespace: Type.String(), name: Type.String() })
    app.get(
      '/v1/modules/:namespace/:name',
      { config, schema: { summary: 'Systems of a module', params: NameParams, querystring: PageableQuery, response } },
      (request) => answer(request, request.query, request.params),
    )
  }

/** One module in detail. Source: protocol.md 6.4. */
export const moduleDetailRoutes =
  (deps: ModulesDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const detail = { 200: ModuleDetailDocument }
    app.get(
      '/v1/modules/:namespace/:name/:system',
      { config, schema: { summary: 'Latest version in detail', params: ModuleParams, response: detail } },
      async ({ actor, params }) => {
        const address = readModuleAddress(params)
        const found = requireModule(await deps.modules.find(address), { actor, address })
        return presentDetail(found, await readDetail(deps, found, requireLatest(found)))
      },
    )
    app.get(
      '/v1/modules/:namespace/:name/:system/:version',
      { config, schema: { summary: 'A version in detail', params: ModuleVersionParams, response: detail } },
      async ({ actor, params }) => {
        const address = readModuleAddress(params)
        const found = requireModule(await deps.modules.find(address), { actor, address })
        const row = requireModuleVersion(found, readModuleVersion(params.version))
        return presentDetail(found, await readDetail(deps, found, row))
      },
    )
  }

interface PageOfList {
  readonly limit?: number
  readonly offset?: number
  readonly provider?: string
  readonly verified?: boolean
  readonly after?: string
}

/** @throws {RegistryError} INVALID_ADDRESS */
function readAfter(text: string | undefined): ModuleAddress | undefined {
  if (text === undefined) return undefined
  const [namespace = '', name = '', ...system] = text.split('/')
  return readModuleAddress({ namespace, name, system: system.join('/') })
}

/**
 * The link to the next page tells where this one ends: by its offset alone the database would go through all earlier modules, and
 * whoever reads a list to its end would wait four times as long for twice as many.
 */
function continueBehind(meta: ListMeta, last: ModuleSummaryDocument | undefined): ListMeta {
  if (meta.next_url === undefined || last === undefined) return meta
  const after = encodeURIComponent(`${last.namespace}/${last.name}/${last.provider}`)
  return { ...meta, next_url: `${meta.next_url}&after=${after}` }
}

/** A mark of the public registry's staff, which modules here never have (protocol.md 6.4). */
function noneVerified(page: { readonly limit: number; readonly offset: number }) {
  return { meta: presentMeta({ ...page, offset: 0 }, 0, ''), modules: [] }
}

function pageOf({ limit = DEFAULT_LIMIT, offset = 0 }: PageOfList) {
  return { limit, offset }
}

/** The list's own address with its filters, to which the links of the pages add limit and offset. */
function listUrl(request: FastifyRequest): string {
  const [path = '', query = ''] = request.url.split('?')
  const filters = new URLSearchParams(query)
  filters.delete('limit')
  filters.delete('offset')
  filters.delete('after')
  const rest = filters.toString()
  return `${publicBaseUrl(request)}${path}${rest === '' ? '' : `?${rest}`}`
}
