import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ModuleLocationDocument, ModuleVersionsDocument } from '@terrace/protocol/documents/module-documents.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { renderOnce, sendDocument } from '../../base/catalog/rendered-documents.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import { cacheControlFor } from '../namespaces/index.ts'
import { requireLatest, requireModule, requireModuleVersion } from './module-catalog.ts'
import type { ModulesDeps } from './modules-deps.ts'
import { presentModuleVersions } from './present-module.ts'
import { readModuleAddress, readModuleVersion } from './read-module-address.ts'
import { readsLocation } from './reads-location.ts'

export const ModuleParams = Type.Object({ namespace: Type.String(), name: Type.String(), system: Type.String() })
export const ModuleVersionParams = Type.Object({ ...ModuleParams.properties, version: Type.String() })

const BASE = '/v1/modules/:namespace/:name/:system'

/** The module registry protocol. Source: protocol.md section 2. */
export const moduleRoutes =
  (deps: ModulesDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      `${BASE}/versions`,
      {
        config: { requires: 'anyone', rateLimitTier: 'protocol' },
        schema: { tags: ['modules'], summary: 'Versions of a module', params: ModuleParams, response: { 200: ModuleVersionsDocument } },
      },
      async ({ actor, params }, reply) => {
        const address = readModuleAddress(params)
        const answer = await deps.modules.find(address)
        const found = requireModule(answer, { actor, address })
        const document = await renderOnce(deps, found.rendered, { key: 'versions', render: () => presentModuleVersions(found) })
        const cacheControl = cacheControlFor(deps, found.namespace, 'public, max-age=60')
        return sendDocument(reply, document, { cacheControl, staleSeconds: answer.staleSeconds })
      },
    )

    app.get(
      `${BASE}/:version/download`,
      {
        // Terraform prints the body of a refusal as it is: one line of text (protocol.md 2.5, B61).
        config: { requires: 'anyone', rateLimitTier: 'protocol', errorFormat: 'text' },
        schema: {
          tags: ['modules'],
          summary: 'Where the archive of a version is',
          params: ModuleVersionParams,
          response: { 200: ModuleLocationDocument, 204: Type.Null() },
        },
      },
      async (request, reply) => sendLocation(deps, request, reply),
    )

    app.get(
      `${BASE}/download`,
      {
        config: { requires: 'anyone', rateLimitTier: 'protocol', errorFormat: 'text' },
        schema: { tags: ['modules'], summary: 'Download of the latest version', params: ModuleParams, response: { 302: Type.Null() } },
      },
      async ({ actor, params }, reply) => {
        const address = readModuleAddress(params)
        const found = requireModule(await deps.modules.find(address), { actor, address })
        const { version } = requireLatest(found)
        const { namespace, name, system } = found.address
        return reply.redirect(`/v1/modules/${namespace}/${name}/${system}/${version}/download`, 302)
      },
    )
  }

interface DownloadRequest extends FastifyRequest {
  readonly params: Static<typeof ModuleVersionParams>
}

async function sendLocation(deps: ModulesDeps, request: DownloadRequest, reply: FastifyReply): Promise<FastifyReply> {
  const address = readModuleAddress(request.params)
  const answer = await deps.modules.find(address)
  const row = requireModuleVersion(requireModule(answer, { actor: request.actor, address }), readModuleVersion(request.params.version))
  const link = await deps.store.signUrl(row.storageKey, deps.config.downloads.linkLifeSeconds)
  const location = link.startsWith('/') ? `${publicBaseUrl(request)}${link}` : link
  if (request.method === 'GET') deps.downloads.count(row)
  reply.header('x-terraform-get', location).header('cache-control', 'no-store')
  if (answer.staleSeconds > 0) reply.header('x-registry-stale', answer.staleSeconds)
  if (readsLocation(request.headers['user-agent'])) return reply.code(200).send({ location, use_registry_credentials: false })
  return reply.code(204).send(null)
}
