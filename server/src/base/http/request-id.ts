import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

// Anything else could forge log lines or overflow a column (reliability.md row 31).
const ACCEPTED = /^[A-Za-z0-9._-]{1,64}$/

/** The caller's `X-Request-ID` when it is harmless, else a new UUID (version 4: Node keeps a pool of them; an id in time order would cost a system call). */
export function requestIdOf(raw: Pick<IncomingMessage, 'headers'>): string {
  const given = raw.headers['x-request-id']
  return typeof given === 'string' && ACCEPTED.test(given) ? given : randomUUID()
}
