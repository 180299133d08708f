import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { Type } from 'typebox'
import { originOf } from '../../base/http/edge-types.ts'
import { type PublishedProviderVersion, publishProviderVersion } from './publish-provider-version.ts'
import type { PublishingDeps } from './publishing-deps.ts'
import { readPublishUpload, toPublishInput } from './read-publish-upload.ts'

const PublishedProviderView = Type.Object(
  {
    namespace: Type.String(),
    type: Type.String(),
    version: Type.String(),
    signed_by: Type.Union([Type.Literal('publisher'), Type.Literal('registry')]),
    signing_key: Type.String({ description: 'Fingerprint of the key that signed SHA256SUMS' }),
    platforms: Type.Array(
      Type.Object({
        platform: Type.String(),
        filename: Type.String(),
        size: Type.Integer({ description: 'Bytes' }),
        zh: Type.String(),
        h1: Type.String(),
        created: Type.Boolean({ description: 'false: the same bytes had been published before' }),
      }),
    ),
  },
  { $id: 'PublishedProvider' },
)

const MEGABYTE = 1024 * 1024

/** Publishing a provider from a pipeline. */
export const publishRoutes =
  (deps: PublishingDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/api/v1/providers',
      {
        config: { requires: 'providers:write', within: 'organization', rateLimitTier: 'upload' },
        schema: {
          summary: 'Publish platforms of a provider version',
          description:
            'multipart/form-data with the fields namespace, type, version, protocols (5.0,6.0), source_url, os and arch (single file), ' +
            'and the files file (a zip, repeated), shasums, signature, signing_key, manifest. Without shasums and signature the registry signs.',
          consumes: ['multipart/form-data'],
          response: { 200: PublishedProviderView, 201: PublishedProviderView },
        },
      },
      async (request, reply) => {
        const upload = await readPublishUpload(request.parts(), {
          spool: deps.spool,
          packageMaxBytes: deps.config.providers.packageMaxMb * MEGABYTE,
        })
        try {
          const input = toPublishInput(upload)
          const published = await publishProviderVersion(deps, { ...input, by: originOf(request) })
          const created = published.platforms.some((platform) => platform.created)
          return await reply.code(created ? 201 : 200).send(presentPublished(input, published))
        } finally {
          await upload.discard()
        }
      },
    )
  }

function presentPublished(
  { address, version }: { address: { namespace: string; type: string }; version: string },
  published: PublishedProviderVersion,
) {
  return {
    namespace: address.namespace,
    type: address.type,
    version,
    signed_by: published.signedBy as 'publisher' | 'registry',
    signing_key: published.signingKeyFingerprint,
    platforms: published.platforms.map(({ platform, ...rest }) => ({ platform: formatPlatform(platform), ...rest })),
  }
}
