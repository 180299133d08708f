import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { type Origin, originOf } from '../../../base/http/edge-types.ts'
import type { ModulesDeps } from '../modules-deps.ts'
import { publishModuleVersion } from './publish-module-version.ts'
import { type ModuleUpload, readModuleUpload, toPublishInput } from './read-module-upload.ts'

const PublishedModuleView = Type.Object(
  {
    namespace: Type.String(),
    name: Type.String(),
    system: Type.String(),
    version: Type.String(),
    sha256: Type.String({ description: 'Of the canonical archive that is stored' }),
    content_sha256: Type.String({ description: 'Of its content: equal for equal files' }),
    size: Type.Integer({ description: 'Bytes' }),
    problems: Type.Array(
      Type.Object({
        path: Type.String(),
        line: Type.Optional(Type.Integer()),
        column: Type.Optional(Type.Integer()),
        message: Type.String(),
      }),
      { description: 'Files that could not be analysed; the version is published all the same' },
    ),
  },
  { $id: 'PublishedModule' },
)

const MEGABYTE = 1024 * 1024

/** Publishing a module from a pipeline. */
export const publishModuleRoutes =
  (deps: ModulesDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/api/v1/modules',
      {
        config: { requires: 'modules:write', within: 'organization', rateLimitTier: 'upload' },
        schema: {
          tags: ['modules'],
          summary: 'Publish a module version',
          description:
            'multipart/form-data with the fields namespace, name, system, version, description, source, and the file "file" (.tar.gz or .zip).',
          consumes: ['multipart/form-data'],
          response: { 200: PublishedModuleView, 201: PublishedModuleView },
        },
      },
      async (request, reply) => {
        const upload = await readModuleUpload(request.parts(), {
          spool: deps.spool,
          archiveMaxBytes: deps.config.modules.archiveMaxMb * MEGABYTE,
        })
        const { created, ...published } = await publishUpload(deps, upload, originOf(request))
        return reply.code(created ? 201 : 200).send(published)
      },
    )
  }

/** The answer is made after the spool is empty again: who has it can rely on that. */
async function publishUpload(deps: ModulesDeps, upload: ModuleUpload, by: Origin) {
  try {
    const input = toPublishInput(upload)
    const { contentSha256, problems, ...published } = await publishModuleVersion(deps, { ...input, by })
    return { ...input.address, version: input.version, ...published, content_sha256: contentSha256, problems: [...problems] }
  } finally {
    await upload.discard()
  }
}
