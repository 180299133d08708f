import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { MirrorIndexDocument, MirrorVersionDocument } from '@terrace/protocol/documents/mirror-documents.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { type RenderedDocument, renderOnce, sendDocument } from '../../base/catalog/rendered-documents.ts'
import { RegistryError } from '../../base/errors.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import {
  behind,
  type CatalogVersion,
  findMirroredProvider,
  listServedVersions,
  type OfferedProvider,
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
          schema: { summary: 'Versions of a mirrored provider', params: Params, response: { 200: MirrorIndexDocument } },
        },
        async (request, reply) => sendMirrorDocument(reply, await readIndex(deps, request)),
      )
      app.get(
        `${base}/:hostname/:namespace/:type/:file`,
        {
          config: { requires: 'anyone', rateLimitTier: 'protocol' },
          schema: { summary: 'Packages of a version of a mirrored provider', params: FileParams, response: { 200: MirrorVersionDocument } },
        },
        async (request, reply) => sendMirrorDocument(reply, await readVersionFile(deps, request)),
      )
    }
  }

type Archives = MirrorVersionDocument['archives']

interface MirrorAnswer {
  readonly document: RenderedDocument
  readonly staleSeconds: number
}

function sendMirrorDocument(reply: FastifyReply, { document, staleSeconds }: MirrorAnswer): FastifyReply {
  return sendDocument(reply, document, { cacheControl: CACHE_CONTROL, staleSeconds })
}

async function readIndex(deps: RegistryDeps, request: FastifyRequest<{ Params: Static<typeof Params> }>): Promise<MirrorAnswer> {
  const answer = await findMirroredProvider(deps, request)
  const { offered, staleSeconds } = answer
  const source = offered ?? requireProvider(answer, request)
  const listed = () => offered?.versions ?? listServedVersions(requireProvider(answer, request))
  const document = await renderOnce(deps, source.rendered, { key: 'index', render: () => presentIndex(listed()) })
  return { document, staleSeconds }
}

async function readVersionFile(deps: RegistryDeps, request: FastifyRequest<{ Params: Static<typeof FileParams> }>): Promise<MirrorAnswer> {
  const { params } = request
  const version = readVersion(params.file.slice(0, -'.json'.length))
  const answer = await findMirroredProvider(deps, request, version)
  const { offered, staleSeconds } = answer
  const source = offered ?? requireProvider(answer, request)
  const found = answer.found?.byVersion.get(version)
  if (found?.blocked) throw blocked(params, version)
  const base = publicBaseUrl(request)
  const known = found !== undefined || offered?.versions.some((listed) => listed.version === version)
  const document = await renderOnce(deps, source.rendered, {
    key: `version ${base} ${known ? version : ''}`,
    render: async () => ({
      archives: { ...(await heldArchives(deps, base, found)), ...(await offeredArchives(deps, base, { offered, version })) },
    }),
  })
  return { document, staleSeconds }
}

function presentIndex(versions: readonly { readonly version: string }[]): MirrorIndexDocument {
  return { versions: Object.fromEntries(versions.map(({ version }) => [version, {}])) }
}

/**
 * Archives of one version by platform; empty, not an error, when none is held: a 404 here stops the CLI even if a `direct`
 * method follows. Source: protocol.md 4.6, D04.
 */
async function heldArchives(deps: RegistryDeps, base: string, version: CatalogVersion | undefined): Promise<Archives> {
  const archives: Archives = {}
  for (const row of version?.packages ?? []) {
    archives[`${row.os}_${row.arch}`] = { url: await packageLink(deps, base, row), hashes: [row.h1, row.zh] }
  }
  return archives
}

/** Packages that are fetched when somebody asks for them: their `h1` is known only then. */
async function offeredArchives(
  { onDemand }: RegistryDeps,
  base: string,
  { offered, version }: { readonly offered: OfferedProvider | undefined; readonly version: string },
): Promise<Archives> {
  const offer = offered && (await onDemand?.findPackages(offered, version))
  return Object.fromEntries(
    (offer?.packages ?? []).map(({ os, arch, link, zh }) => [`${os}_${arch}`, { url: behind(base, link), hashes: [zh] }]),
  )
}

/** Unlike a version that is not held, a blocked one must not be taken from a `direct` method instead (C52). */
function blocked({ namespace, type }: Static<typeof Params>, version: string): RegistryError {
  return new RegistryError(
    'PROVIDER_VERSION_NOT_FOUND',
    `Cannot find "${namespace}/${type}" "${version}": an administrator has blocked it`,
    { hint: 'Choose another version, or ask an administrator of this mirror' },
  )
}
