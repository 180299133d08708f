import type { FastifyReply } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import type { CatalogAnswer, CatalogProvider, RenderedDocument } from './provider-catalog.ts'

/** Rendered links lose at most this much of their life. */
const RENDERED_MAX_AGE_MS = 60_000

/**
 * The body for a key, rendered once per state of the provider and again each minute, because bodies carry links that expire.
 * A hot protocol route answers with these prepared bytes.
 */
export async function renderOnce(
  clock: Clock,
  { rendered }: CatalogProvider,
  document: { readonly key: string; render(): unknown },
): Promise<RenderedDocument> {
  const now = clock.now()
  const cached = rendered.get(document.key)
  if (cached !== undefined && now - cached.renderedAt < RENDERED_MAX_AGE_MS) return cached
  const fresh = { body: Buffer.from(JSON.stringify(await document.render())), renderedAt: now }
  rendered.set(document.key, fresh)
  return fresh
}

/** Sends a rendered JSON body; `stale` tells readers that the database could not confirm it. */
export function sendDocument(
  reply: FastifyReply,
  { body }: RenderedDocument,
  { cacheControl, staleSeconds }: { readonly cacheControl: string } & Pick<CatalogAnswer, 'staleSeconds'>,
): FastifyReply {
  reply.header('content-type', 'application/json').header('cache-control', cacheControl)
  if (staleSeconds > 0) reply.header('x-registry-stale', staleSeconds)
  return reply.send(body)
}
