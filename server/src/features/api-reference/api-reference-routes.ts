import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { referencePage, referencePolicy } from './reference-page.ts'

const PACKAGE = '@fastify/swagger-ui/package.json'
const FILES = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const
const NONCE_BYTES = 18
const PUBLIC = { requires: 'public' } as const
const HIDDEN = { hide: true }

/** Reads a file of the package at its first request and keeps it: few people open the page, and a start must not wait for it. */
function createFileReader(): (name: string) => Promise<Buffer> {
  const folder = join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), 'static')
  const files = new Map<string, Promise<Buffer>>()
  return (name) => {
    const file = files.get(name) ?? readFile(join(folder, name))
    files.set(name, file)
    return file
  }
}

/** `GET /api-docs/` and the files that its page loads. Source: requirements.md API-14, SEC-19, C34 */
export function apiReferenceRoutes(): FastifyPluginAsyncTypebox {
  const readPackageFile = createFileReader()
  return async (app) => {
    app.get('/api-docs', { config: PUBLIC, schema: HIDDEN }, (_request, reply) => reply.redirect('/api-docs/', 308))

    app.get('/api-docs/', { config: PUBLIC, schema: HIDDEN }, (_request, reply) => {
      const nonce = randomBytes(NONCE_BYTES).toString('base64')
      return reply
        .header('content-security-policy', referencePolicy(nonce))
        .header('cache-control', 'no-store')
        .type('text/html; charset=utf-8')
        .send(referencePage(nonce))
    })

    for (const [name, type] of Object.entries(FILES)) {
      app.get(`/api-docs/${name}`, { config: PUBLIC, schema: HIDDEN }, async (_request, reply) => {
        const file = await readPackageFile(name)
        return reply.header('cache-control', 'public, max-age=3600').type(type).send(file)
      })
    }
  }
}
