import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { RegistryError } from '../../base/errors.ts'
import { FILES_PATH } from '../../base/storage/filesystem-store.ts'
import { isObjectKey } from '../../base/storage/key-syntax.ts'
import { createBufferPool } from './buffer-pool.ts'
import { createDigestMemory } from './digest-memory.ts'
import type { FilesDeps } from './files-deps.ts'
import { type FileService, serveObject } from './serve-object.ts'

/** `GET|HEAD /files/KEY`: the bytes of one stored object, for whoever has a signed link to it. */
export const filesRoutes =
  (deps: FilesDeps): FastifyPluginAsync =>
  async (app) => {
    const pool = createBufferPool()
    const service: FileService = { ...deps, pool, digests: createDigestMemory(pool) }
    // One route for both methods: Fastify's own HEAD route would read the body to measure it. The CLI never repeats an archive
    // request, so neither a rate limit nor the end of the process may refuse one (protocol.md P-21, 8.6).
    // Source: protocol.md 3.7, 5.4; P-13, P-14 in 7.3
    app.route<{ Params: { '*': string } }>({
      method: ['GET', 'HEAD'],
      url: `${FILES_PATH}*`,
      config: { requires: 'public', rateLimitTier: 'none', alwaysOn: true },
      schema: { summary: 'The bytes of a stored object, by a signed link' },
      handler: async (request: FastifyRequest<{ Params: { '*': string } }>, reply: FastifyReply) => {
        const key = request.params['*']
        requireLink(deps, key, request.query)
        return serveObject(service, key, { request, reply })
      },
    })
  }

function requireLink({ signer }: FilesDeps, key: string, query: unknown): void {
  const verdict = isObjectKey(key) ? signer.verify(`${FILES_PATH}${key}`, query as Record<string, unknown>) : 'invalid'
  if (verdict === 'expired') {
    throw new RegistryError('LINK_INVALID', `Cannot read "${key}": the link has expired`, {
      hint: 'Ask the registry for the package again, which gives a new link',
    })
  }
  if (verdict === 'invalid') {
    throw new RegistryError('LINK_INVALID', 'Cannot read the file: the link is wrong', {
      hint: 'Use the address exactly as the registry gave it, with its whole query',
    })
  }
}
