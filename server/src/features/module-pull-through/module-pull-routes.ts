import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ModuleVersionsDocument } from '@terrace/protocol/documents/module-documents.ts'
import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import { cacheControlFor } from '../namespaces/index.ts'
import { moduleArchiveLink, moduleArchivePath } from './archive-link.ts'
import type { ModulesOnDemand } from './create-modules-on-demand.ts'
import type { HeldModuleRow } from './held/held-module-queries.ts'
import { withSubdir } from './sources/split-subdir.ts'
import { type ModuleIdentity, readModuleVersion, readUpstreamModule } from './upstream-module.ts'

const Params = Type.Object({ hostname: Type.String(), namespace: Type.String(), name: Type.String(), system: Type.String() })
const VersionParams = Type.Object({ ...Params.properties, version: Type.String() })

const BASE = '/v1/upstream/:hostname/modules/:namespace/:name/:system'

interface RouteDeps extends Pick<Deps, 'config' | 'store' | 'linkSigner'> {
  readonly modulesOnDemand: ModulesOnDemand
}

/** The module registry protocol, for modules of others. Source: protocol.md section 2. */
export const modulePullRoutes =
  (deps: RouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      `${BASE}/versions`,
      {
        config: { requires: 'anyone', rateLimitTier: 'protocol' },
        schema: {
          tags: ['modules'],
          summary: 'Versions of a module of an upstream: what is held, and what is fetched when somebody asks for it',
          params: Params,
          response: { 200: ModuleVersionsDocument },
        },
      },
      async ({ params }, reply) => {
        const module = readUpstreamModule(params)
        const { versions, staleSeconds } = await deps.modulesOnDemand.list(module)
        reply.header('cache-control', cacheControlFor(deps, undefined, 'public, max-age=60'))
        if (staleSeconds > 0) reply.header('x-registry-stale', staleSeconds)
        return { modules: [{ source: formatModuleAddress(module), versions: versions.map((version) => ({ version })) }] }
      },
    )

    app.get(
      `${BASE}/:version/download`,
      {
        // Terraform prints the body of a refusal as it is: one line of text (protocol.md 2.5, B61).
        config: { requires: 'anyone', rateLimitTier: 'protocol', errorFormat: 'text' },
        schema: {
          tags: ['modules'],
          summary: 'Where the stored archive of a version of an upstream is; the first request has it fetched',
          params: VersionParams,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => sendLocation(deps, request, reply),
    )

    app.route<{ Params: Static<typeof VersionParams> }>({
      method: ['GET', 'HEAD'],
      url: `${BASE}/:version/archive.tar.gz`,
      config: { requires: 'public', rateLimitTier: 'none', errorFormat: 'text' },
      schema: { tags: ['modules'], summary: 'The archive of a version that is being fetched; by a signed link', params: VersionParams },
      handler: async (request, reply) => sendArchive(deps, request, reply),
    })
  }

type VersionRequest = FastifyRequest<{ Params: Static<typeof VersionParams> }>

function readIdentity({ version, ...module }: Static<typeof VersionParams>): ModuleIdentity {
  return { module: readUpstreamModule(module), version: readModuleVersion(version) }
}

async function sendLocation(deps: RouteDeps, request: VersionRequest, reply: FastifyReply): Promise<FastifyReply> {
  const identity = readIdentity(request.params)
  const { held, subdir, staleSeconds } = await deps.modulesOnDemand.locate(identity)
  const link = held === undefined ? moduleArchiveLink(deps, identity) : await storedLink(deps, held)
  const location = withSubdir(link.startsWith('/') ? `${publicBaseUrl(request)}${link}` : link, subdir)
  reply.header('x-terraform-get', location).header('cache-control', 'no-store')
  if (staleSeconds > 0) reply.header('x-registry-stale', staleSeconds)
  return reply.code(204).send(null)
}

/** Clients have no limit for an archive, and follow a redirect with HEAD and GET alike (protocol.md B51, B53). */
async function sendArchive(deps: RouteDeps, request: VersionRequest, reply: FastifyReply): Promise<FastifyReply> {
  const identity = readIdentity(request.params)
  requireLink(deps, identity, request.query)
  const link = await storedLink(deps, await deps.modulesOnDemand.waitFor(identity))
  reply.header('cache-control', 'private, no-store')
  return reply.redirect(link.startsWith('/') ? `${publicBaseUrl(request)}${link}` : link, 302)
}

function storedLink({ store, config }: RouteDeps, { storageKey }: HeldModuleRow): Promise<string> {
  return store.signUrl(storageKey, config.downloads.linkLifeSeconds)
}

function requireLink({ linkSigner }: RouteDeps, identity: ModuleIdentity, query: unknown): void {
  const verdict = linkSigner.verify(moduleArchivePath(identity), query as Record<string, unknown>)
  if (verdict === 'valid') return
  const state = verdict === 'expired' ? 'the link has expired' : 'the link is not signed by this registry'
  throw new RegistryError('LINK_INVALID', `Cannot send the module: ${state}`, {
    hint: 'Run the command again: each run asks for new links',
  })
}
