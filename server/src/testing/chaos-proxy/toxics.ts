import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What the proxy does to answers on their way back. Bytes are counted on the wire, heads included, from the beginning of the answer. */
export type Toxic = (
  | { readonly kind: 'refuse' }
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  | { readonly kind: 'cutAfter'; readonly bytes: number }
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  | { readonly kind: 'corruptAt'; readonly byte: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
) & {
  /**
   * Only for answers to requests that match, for example `/^GET \/files\/acme/`; without it, for whole connections. Needs requests in
   * the clear, one after the other on a connection.
   */
  readonly when?: RegExp
  /** On so many connections at most; without it, on all. */
  readonly times?: number
}

/** An answer that is on its way. */
export interface Answer {
  readonly client: Socket
  /** Bytes of it that came before this chunk. */
  readonly before: number
  /** Says that something was done to it. */
  fired(): void
}

/** What becomes of the connection after a chunk. */
export type Outcome = 'goes on' | 'is over'

const SLICES_PER_SECOND = 20

/** Passes a chunk on, as badly as the toxic says. */
export function applyToxic(toxic: Toxic, chunk: Buffer, answer: Answer): Promise<Outcome> {
  switch (toxic.kind) {
    // Connections are refused before anything is asked; this one has begun before.
    case 'refuse':
      return sendOn(chunk, answer.client)
    case 'latency':
      return sendLate(toxic.ms, chunk, answer)
    case 'slow':
      return trickle(toxic.bytesPerSecond, chunk, answer)
    case 'corruptAt':
      return corrupt(toxic.byte, chunk, answer)
    case 'cutAfter':
      return cut(toxic.bytes, { chunk, answer, end: (client) => client.end() })
    case 'reset':
      return cut(toxic.afterBytes ?? 0, { chunk, answer, end: (client) => client.resetAndDestroy() })
    case 'stall':
      return cut(toxic.afterBytes ?? 0, { chunk, answer, end: () => undefined })
  }
}

/** Resolves when the chunk has been handed on or the client is gone. */
export async function sendOn(chunk: Buffer, client: Socket): Promise<Outcome> {
  if (client.destroyed || client.writableEnded) return 'is over'
  await new Promise<void>((resolve) => void client.write(chunk, () => resolve()))
  return 'goes on'
}

async function sendLate(ms: number, chunk: Buffer, { client, fired }: Answer): Promise<Outcome> {
  fired()
  await delay(ms)
  return sendOn(chunk, client)
}

async function trickle(bytesPerSecond: number, chunk: Buffer, { client, fired }: Answer): Promise<Outcome> {
  const slice = Math.max(1, Math.round(bytesPerSecond / SLICES_PER_SECOND))
  for (let start = 0; start < chunk.length && !client.destroyed; start += slice) {
    fired()
    await sendOn(chunk.subarray(start, start + slice), client)
    await delay((slice * 1000) / bytesPerSecond)
  }
  return 'goes on'
}

async function corrupt(byte: number, chunk: Buffer, { client, before, fired }: Answer): Promise<Outcome> {
  const at = byte - before
  if (at < 0 || at >= chunk.length) return sendOn(chunk, client)
  fired()
  const changed = Buffer.from(chunk)
  changed[at] = (changed[at] ?? 0) ^ 1
  return sendOn(changed, client)
}

interface Cut {
  readonly chunk: Buffer
  readonly answer: Answer
  end(client: Socket): void
}

async function cut(afterBytes: number, { chunk, answer, end }: Cut): Promise<Outcome> {
  const { client, before, fired } = answer
  if (before + chunk.length <= afterBytes) return sendOn(chunk, client)
  fired()
  if (afterBytes > before) await sendOn(chunk.subarray(0, afterBytes - before), client)
  end(client)
  return 'is over'
}
