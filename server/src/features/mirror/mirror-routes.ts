import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { MirrorIndexDocument, MirrorVersionDocument } from '@terrace/protocol/documents/mirror-documents.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { type RenderedDocument, renderOnce, sendDocument } from '../../base/catalog/rendered-documents.ts'
import { RegistryError } from '../../base/errors.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import {
  type CatalogProvider,
  type CatalogVersion,
  findMirroredProvider,
  listServedVersions,
  packageLink,
  type RegistryDeps,
  readVersion,
  requireProvider,
} from '../providers/index.ts'

const Params = Type.Object({ hostname: Type.String(), namespace: Type.String(), type: Type.String() })
const FileParams = Type.Object({ ...Params.properties, file: Type.String({ pattern: '\\.json$' }) })

/** The mirror's own base, and the alias that older plans named (C9). */
const BASES = ['/v1/mirror', '/v1/providers'] as const

/** Mirror answers hold signed links and must show a new version at once (PRT-26). */
const CACHE_CONTROL = 'no-store'

/** The provider network mirror protocol. Source: protocol.md section 4. */
export const mirrorRoutes =
  (deps: RegistryDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    for (const base of BASES) {
      app.get(
        `${base}/:hostname/:namespace/:type/index.json`,
        {
          config: { requires: 'anyone', rateLimitTier: 'protocol' },
          schema: { params: Params, response: { 200: MirrorIndexDocument } },
        },
        async (request, reply) => sendMirrorDocument(reply, await readIndex(deps, request)),
      )
      app.get(
        `${base}/:hostname/:namespace/:type/:file`,
        {
          config: { requires: 'anyone', rateLimitTier: 'protocol' },
          schema: { params: FileParams, response: { 200: MirrorVersionDocument } },
        },
        async (request, reply) => sendMirrorDocument(reply, await readVersionFile(deps, request)),
      )
    }
  }

interface MirrorAnswer {
  readonly document: RenderedDocument
  readonly staleSeconds: number
}

function sendMirrorDocument(reply: FastifyReply, { document, staleSeconds }: MirrorAnswer): FastifyReply {
  return sendDocument(reply, document, { cacheControl: CACHE_CONTROL, staleSeconds })
}

async function readIndex(deps: RegistryDeps, request: FastifyRequest<{ Params: Static<typeof Params> }>): Promise<MirrorAnswer> {
  const answer = await findMirroredProvider(deps, request, request.params)
  const provider = requireProvider(answer, request)
  const document = await renderOnce(deps, provider.rendered, { key: 'index', render: () => presentIndex(provider) })
  return { document, staleSeconds: answer.staleSeconds }
}

async function readVersionFile(deps: RegistryDeps, request: FastifyRequest<{ Params: Static<typeof FileParams> }>): Promise<MirrorAnswer> {
  const { params } = request
  const version = readVersion(params.file.slice(0, -'.json'.length))
  const answer = await findMirroredProvider(deps, request, params)
  const provider = requireProvider(answer, request)
  const found = provider.byVersion.get(version)
  if (found?.blocked) throw blocked(provider, version)
  const base = publicBaseUrl(request)
  const document = await renderOnce(deps, provider.rendered, {
    key: `version ${base} ${found === undefined ? '' : version}`,
    render: () => presentArchives(deps, base, found),
  })
  return { document, staleSeconds: answer.staleSeconds }
}

function presentIndex(provider: CatalogProvider): MirrorIndexDocument {
  return { versions: Object.fromEntries(listServedVersions(provider).map(({ version }) => [version, {}])) }
}

/**
 * Archives of one version by platform; empty, not an error, when none is held: a 404 here stops the CLI even if a `direct`
 * method follows. Source: protocol.md 4.6, D04.
 */
async function presentArchives(deps: RegistryDeps, base: string, version: CatalogVersion | undefined): Promise<MirrorVersionDocument> {
  const archives: MirrorVersionDocument['archives'] = {}
  for (const row of version?.packages ?? []) {
    archives[`${row.os}_${row.arch}`] = { url: await packageLink(deps, base, row), hashes: [row.h1, row.zh] }
  }
  return { archives }
}

/** Unlike a version that is not held, a blocked one must not be taken from a `direct` method instead (C52). */
function blocked({ address }: CatalogProvider, version: string): RegistryError {
  return new RegistryError(
    'PROVIDER_VERSION_NOT_FOUND',
    `Cannot find "${address.namespace}/${address.type}" "${version}": an administrator has blocked it`,
    { hint: 'Choose another version, or ask an administrator of this mirror' },
  )
}
