import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { RegistryError } from '../../base/errors.ts'
import { originOf } from '../../base/http/edge-types.ts'
import { loadDefinition } from './load-definition.ts'
import type { MirrorDeps } from './mirror-deps.ts'

const JobCreated = Type.Object({ job_id: Type.String(), id: Type.String({ description: 'The same, as the alias names it' }) })

/** Content types of a bare HCL body; curl's default is among them, people send files with it. */
const TEXT_TYPES = ['text/plain', 'application/octet-stream', 'application/hcl', 'text/x-hcl', 'application/x-www-form-urlencoded']

/** Loading providers by a definition file; `/admin/api/providers/upload` is the documented alias (C16). */
export const definitionRoutes =
  (deps: MirrorDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { maxBytes } = deps.config.definitions
    app.removeContentTypeParser(['text/plain'])
    app.addContentTypeParser(TEXT_TYPES, { parseAs: 'string', bodyLimit: maxBytes }, (_request, body, done) => done(null, body))
    for (const url of ['/api/v1/admin/providers/upload', '/admin/api/providers/upload']) {
      app.post(
        url,
        {
          bodyLimit: maxBytes,
          config: { requires: 'mirrors:manage', rateLimitTier: 'upload' },
          schema: {
            summary: 'Load providers by a definition file',
            description:
              'Body: HCL, or multipart/form-data with the file in any file part. Answers with the id of the job that loads them.',
            response: { 202: JobCreated },
          },
        },
        async (request, reply) => {
          const { text, filename } = await readDefinition(request, maxBytes)
          const id = await loadDefinition(deps, { by: originOf(request), text, filename })
          deps.jobs.wake()
          return reply.code(202).header('location', `/api/v1/admin/jobs/${id}`).send({ job_id: id, id })
        },
      )
    }
  }

async function readDefinition(request: FastifyRequest, maxBytes: number): Promise<{ text: string; filename: string }> {
  if (!request.isMultipart()) {
    if (typeof request.body === 'string' && request.body.trim() !== '') return { text: request.body, filename: 'definition' }
    throw new RegistryError('INVALID_DEFINITION', 'Cannot read the definition file: the body is empty', {
      hint: 'Send the file as it is: curl --data-binary @providers.hcl',
    })
  }
  const part = await request.file({ limits: { fileSize: maxBytes, files: 1 } })
  if (part === undefined) throw new RegistryError('INVALID_DEFINITION', 'Cannot read the definition file: no file part in the form')
  const text = (await part.toBuffer()).toString('utf8')
  return { text, filename: part.filename.replace(/[^\w.-]/g, '_').slice(0, 100) || 'definition' }
}
