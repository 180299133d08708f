import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { compareVersions } from '@terrace/protocol/versions.ts'
import { Type } from 'typebox'
import type { Actor } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { diffModules, ModuleAnalysis, ModuleDiff } from '../module-analysis/index.ts'
import { SearchChoices, searchModules } from '../module-search/index.ts'
import { readerOf } from '../namespaces/index.ts'
import { sumDownloads } from './downloads/download-count-queries.ts'
import { readSummaries } from './lists/read-summaries.ts'
import { latestVersion, requireLatest, requireModule, requireModuleVersion } from './module-catalog.ts'
import { ModuleParams, ModuleVersionParams } from './module-routes.ts'
import { FoundModuleView, ModuleVersionView, ModuleView, presentModule, presentModuleVersion } from './module-views.ts'
import type { ModulesDeps } from './modules-deps.ts'
import { readDetail } from './read-detail.ts'
import { readModuleAddress, readModuleVersion } from './read-module-address.ts'

const SearchQuery = Type.Object({
  ...PageQuery.properties,
  q: Type.Optional(Type.String({ maxLength: 256 })),
  namespace: Type.Optional(Type.String({ maxLength: 64 })),
  system: Type.Optional(Type.String({ maxLength: 64 })),
  ...SearchChoices,
})

const DiffQuery = Type.Object({ from: Type.String({ maxLength: 128 }), to: Type.String({ maxLength: 128 }) })

const ModuleDetailView = Type.Object({
  module: ModuleView,
  version: ModuleVersionView,
  readme: Type.String({ description: 'Markdown as its author wrote it, any HTML included: not safe to show before it is cleaned' }),
  analysis: ModuleAnalysis,
  systems: Type.Array(Type.String()),
  versions: Type.Array(Type.String()),
})

const BASE = '/api/v1/modules/:namespace/:name/:system'
const config = { requires: 'anyone', rateLimitTier: 'api' } as const

type TypedApp = Parameters<FastifyPluginAsyncTypebox>[0]

/** Modules as the user interface reads them. */
export const moduleApiRoutes =
  (deps: ModulesDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    registerSearch(app, deps)
    registerDetail(app, deps)
    registerVersions(app, deps)
    registerDiff(app, deps)
  }

function registerSearch(app: TypedApp, deps: ModulesDeps): void {
  app.get(
    '/api/v1/modules/search',
    {
      config,
      schema: {
        tags: ['modules'],
        summary: 'Search modules by name, description, README, inputs and resource types',
        querystring: SearchQuery,
        response: { 200: Paged(FoundModuleView) },
      },
    },
    async ({ actor, query }) => {
      const { limit: _limit, offset: _offset, q = '', sort = 'relevance', ...filters } = query
      const page = pageOf(query)
      const { moduleIds, total } = await searchModules(deps.database.db, {
        ...filters,
        reader: readerOf(actor, 'modules'),
        q,
        sort,
        ...page,
      })
      return { items: await readSummaries(deps, moduleIds), total, ...page }
    },
  )
}

function registerDetail(app: TypedApp, deps: ModulesDeps): void {
  app.get(
    BASE,
    {
      config,
      schema: { tags: ['modules'], summary: 'A module, its latest version', params: ModuleParams, response: { 200: ModuleDetailView } },
    },
    async ({ actor, params }) => readView(deps, params, { actor }),
  )
  app.get(
    `${BASE}/:version`,
    {
      config,
      schema: { tags: ['modules'], summary: 'A module, one version', params: ModuleVersionParams, response: { 200: ModuleDetailView } },
    },
    async ({ actor, params }) => readView(deps, params, { actor, version: readModuleVersion(params.version) }),
  )
}

function registerVersions(app: TypedApp, deps: ModulesDeps): void {
  app.get(
    `${BASE}/versions`,
    {
      config,
      schema: {
        tags: ['modules'],
        summary: 'All versions with their state, deleted ones included',
        params: ModuleParams,
        response: { 200: Type.Object({ items: Type.Array(ModuleVersionView) }) },
      },
    },
    async ({ actor, params }) => {
      const address = readModuleAddress(params)
      const found = requireModule(await deps.modules.find(address), { actor, address })
      const rows = [...found.byVersion.values()].sort((a, b) => compareVersions(b.version, a.version))
      const counts = await sumDownloads(deps.database.db, [found.module.id])
      return { items: rows.map((row) => presentModuleVersion(row, counts.get(row.id) ?? 0)) }
    },
  )
}

function registerDiff(app: TypedApp, deps: ModulesDeps): void {
  app.get(
    `${BASE}/diff`,
    {
      config,
      schema: {
        tags: ['modules'],
        summary: 'What changes for callers between two versions',
        params: ModuleParams,
        querystring: DiffQuery,
        response: { 200: ModuleDiff },
      },
    },
    async ({ actor, params, query }) => {
      const address = readModuleAddress(params)
      const found = requireModule(await deps.modules.find(address), { actor, address })
      const [from, to] = await Promise.all(
        [query.from, query.to].map((text) => readDetail(deps, found, requireModuleVersion(found, readModuleVersion(text)))),
      )
      if (from === undefined || to === undefined) throw new TypeError('Two versions give two analyses')
      return diffModules(from.analysis, to.analysis)
    },
  )
}

async function readView(
  deps: ModulesDeps,
  params: { namespace: string; name: string; system: string },
  { actor, version }: { readonly actor: Actor; readonly version?: string },
) {
  const address = readModuleAddress(params)
  const found = requireModule(await deps.modules.find(address), { actor, address })
  const row = version === undefined ? requireLatest(found) : requireModuleVersion(found, version)
  const { readme, analysis, systems, downloads, versionDownloads } = await readDetail(deps, found, row)
  return {
    module: presentModule(found.module, { latest: latestVersion(found.versions)?.version, downloads }),
    version: presentModuleVersion(row, versionDownloads),
    readme,
    analysis,
    systems: [...systems],
    versions: found.versions.map((item) => item.version),
  }
}
