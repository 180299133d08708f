import type { FastifyReply } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Clock, UnixMs } from '../clock.ts'

/** A body that is sent as it is. */
export interface RenderedDocument {
  readonly body: Buffer
  readonly renderedAt: UnixMs
}

/** Bodies made from one state of one thing; they go with it. */
export type RenderedDocuments = LRUCache<string, RenderedDocument>

const MAX_RENDERED = 64
/** Links in a rendered body lose at most this much of their life, and never more than half of it. */
const RENDERED_MAX_AGE_MS = 60_000

/** What rendering depends on. */
export interface RenderDeps {
  readonly clock: Clock
  readonly config: { readonly downloads: { readonly linkLifeSeconds: number } }
}

/** Nothing rendered yet. */
export function createRenderedDocuments(): RenderedDocuments {
  return new LRUCache({ max: MAX_RENDERED })
}

/**
 * The body for a key, rendered once per state and again each minute, because bodies carry links that expire.
 * A hot protocol route answers with these prepared bytes.
 */
export async function renderOnce(
  { clock, config }: RenderDeps,
  rendered: RenderedDocuments,
  document: { readonly key: string; render(): unknown },
): Promise<RenderedDocument> {
  const now = clock.now()
  const cached = rendered.get(document.key)
  if (cached !== undefined && now - cached.renderedAt < Math.min(RENDERED_MAX_AGE_MS, config.downloads.linkLifeSeconds * 500)) return cached
  const fresh = { body: Buffer.from(JSON.stringify(await document.render())), renderedAt: now }
  rendered.set(document.key, fresh)
  return fresh
}

/** Sends a rendered JSON body; `x-registry-stale` tells readers that the database could not confirm it for so many seconds. */
export function sendDocument(
  reply: FastifyReply,
  { body }: RenderedDocument,
  { cacheControl, staleSeconds }: { readonly cacheControl: string; readonly staleSeconds: number },
): FastifyReply {
  reply.header('content-type', 'application/json').header('cache-control', cacheControl)
  if (staleSeconds > 0) reply.header('x-registry-stale', staleSeconds)
  return reply.send(body)
}
