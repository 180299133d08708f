import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ProviderDetailDocument,
  ProviderPackageDocument,
  ProviderVersionsDocument,
} from '@terrace/protocol/documents/provider-documents.ts'
import { isPrerelease } from '@terrace/protocol/versions.ts'
import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { renderOnce, sendDocument } from '../../base/catalog/rendered-documents.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Actor } from '../../base/http/edge-types.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import { cacheControlFor } from '../namespaces/index.ts'
import { listPackageHashes } from './package-hashes.ts'
import { packageLink, shasumsLinks } from './package-links.ts'
import { presentDetail, presentOfferedVersions, presentPackage, presentVersions } from './present-provider.ts'
import { type CatalogProvider, type CatalogVersion, listServedVersions } from './provider-catalog.ts'
import type { RegistryDeps } from './provider-deps.ts'
import type { ServedPackageRow } from './provider-queries.ts'
import { findRegistryProvider, requireProvider, requireVersion } from './resolve-provider.ts'
import { findOfferedPackage, sendOfferedPackage } from './send-offered-package.ts'

const Params = Type.Object({ namespace: Type.String(), type: Type.String() })
const VersionParams = Type.Object({ ...Params.properties, version: Type.String() })
const PackageParams = Type.Object({ ...VersionParams.properties, os: Type.String(), arch: Type.String() })

const LISTS = 'public, max-age=60'
/** Answers with signed links in them must not outlive the links. */
const LINKS = 'no-store'

/** The provider registry protocol. Source: protocol.md section 3. */
export const providerRoutes =
  (deps: RegistryDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/providers/:namespace/:type/versions',
      {
        config: { requires: 'anyone', rateLimitTier: 'protocol' },
        schema: { summary: 'Versions of a provider', params: Params, response: { 200: ProviderVersionsDocument } },
      },
      async ({ actor, params }, reply) => {
        const answer = await findRegistryProvider(deps, params)
        const { offered, staleSeconds } = answer
        if (offered !== undefined) {
          const document = await renderOnce(deps, offered.rendered, { key: 'versions', render: () => presentOfferedVersions(offered) })
          return sendDocument(reply, document, { cacheControl: cacheControlFor(deps, undefined, LISTS), staleSeconds })
        }
        const provider = requireProvider(answer, { actor, params })
        const document = await renderOnce(deps, provider.rendered, { key: 'versions', render: () => presentVersions(provider) })
        const cacheControl = cacheControlFor(deps, provider.namespace, LISTS)
        return sendDocument(reply, document, { cacheControl, staleSeconds })
      },
    )

    app.get(
      '/v1/providers/:namespace/:type/:version/download/:os/:arch',
      {
        config: { requires: 'anyone', rateLimitTier: 'protocol' },
        schema: { summary: 'Where a package is, and who signed it', params: PackageParams, response: { 200: ProviderPackageDocument } },
      },
      async (request, reply) => {
        const { params } = request
        const answer = await findRegistryProvider(deps, params, params.version)
        const base = publicBaseUrl(request)
        const offer = await findOfferedPackage(deps, answer, params)
        if (offer !== undefined) return sendOfferedPackage(reply, offer, base)
        const provider = requireProvider(answer, request)
        const version = requireVersion(provider, params.version)
        const row = requirePackage(version, params)
        const document = await renderOnce(deps, provider.rendered, {
          key: `package ${base} ${version.version} ${row.os}_${row.arch}`,
          render: () => renderPackage(deps, { base, provider, version, row }),
        })
        reply.header('x-terraform-get', await packageLink(deps, base, row))
        return sendDocument(reply, document, { cacheControl: LINKS, staleSeconds: answer.staleSeconds })
      },
    )

    const detail = { config: { requires: 'anyone', rateLimitTier: 'protocol' } } as const
    app.get(
      '/v1/providers/:namespace/:type',
      {
        ...detail,
        schema: { summary: 'Latest version of a provider in detail', params: Params, response: { 200: ProviderDetailDocument } },
      },
      async ({ actor, params }, reply) => sendDetail(deps, reply, { actor, params, choose: requireLatest }),
    )
    app.get(
      '/v1/providers/:namespace/:type/:version',
      {
        ...detail,
        schema: { summary: 'A version of a provider in detail', params: VersionParams, response: { 200: ProviderDetailDocument } },
      },
      async ({ actor, params }, reply) =>
        sendDetail(deps, reply, { actor, params, choose: (provider) => requireVersion(provider, params.version) }),
    )
  }

interface WantedDetail {
  readonly actor: Actor
  readonly params: Static<typeof Params>
  choose(provider: CatalogProvider): CatalogVersion
}

async function sendDetail(deps: RegistryDeps, reply: FastifyReply, { actor, params, choose }: WantedDetail): Promise<FastifyReply> {
  // Of what is not held there is nothing to tell, so nobody is asked.
  const answer = await findRegistryProvider({ ...deps, onDemand: undefined }, params)
  const provider = requireProvider(answer, { actor, params })
  const version = choose(provider)
  const document = await renderOnce(deps, provider.rendered, {
    key: `detail ${version.version}`,
    render: () => presentDetail(provider, version),
  })
  const cacheControl = cacheControlFor(deps, provider.namespace, LISTS)
  return sendDocument(reply, document, { cacheControl, staleSeconds: answer.staleSeconds })
}

/** The version that a client without a constraint would take: the newest that is no pre-release, else the newest. */
function requireLatest(provider: CatalogProvider): CatalogVersion {
  const served = listServedVersions(provider)
  const latest = served.find(({ version }) => !isPrerelease(version)) ?? served[0]
  if (latest !== undefined) return latest
  const { namespace, type } = provider.address
  throw new RegistryError('PROVIDER_VERSION_NOT_FOUND', `Cannot show "${namespace}/${type}": none of its versions is served`)
}

function requirePackage(
  version: CatalogVersion,
  { namespace, type, os, arch }: { namespace: string; type: string; os: string; arch: string },
): ServedPackageRow {
  const row = version.packages.find((item) => item.os === os && item.arch === arch)
  if (row !== undefined) return row
  const held = version.packages.map((item) => `${item.os}_${item.arch}`).join(', ')
  throw new RegistryError(
    'PROVIDER_PLATFORM_NOT_FOUND',
    `Cannot find "${namespace}/${type}" "${version.version}" for "${os}_${arch}": it is held for ${held}`,
    { hint: 'Publish or load the platform' },
  )
}

async function renderPackage(
  deps: RegistryDeps,
  { base, provider, version, row }: { base: string; provider: CatalogProvider; version: CatalogVersion; row: ServedPackageRow },
): Promise<ProviderPackageDocument> {
  const links = {
    download: await packageLink(deps, base, row),
    ...shasumsLinks(deps, base, { versionId: version.id, type: provider.address.type, version: version.version }),
  }
  const key = provider.publicKeys.get(version.signingKeyFingerprint)
  if (key === undefined) throw new Error(`No public key with fingerprint ${version.signingKeyFingerprint} is recorded`)
  return presentPackage(version, row, { links, key, packages: await listPackageHashes(deps, version) })
}
