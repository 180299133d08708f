import type { Clock, UnixMs } from '../../../base/clock.ts'
import type { Database } from '../../../base/database/open-database.ts'
import type { Logger } from '../../../base/logger.ts'
import { noteLastUse } from './api-key-queries.ts'

/** Remembers when keys were used and writes it in batches: a request must neither wait for a write nor fail by one. */
export interface KeyUses {
  /** The key was used just now. Returns at once. */
  note(keyId: string): void
  /** Writes what was noted; what cannot be written is kept for the next time. Never throws. */
  flush(): Promise<void>
  /** Flushes by itself every few seconds, until it is stopped. */
  start(): { stop(): Promise<void> }
}

const FLUSH_EVERY_MS = 10_000
/** Rows of one transaction: other writers wait for it on SQLite. */
const BATCH = 100

/** A crash loses the last few seconds, and nothing else. Source: requirements.md AUT-14, AUT-15. */
export function createKeyUses({
  database,
  clock,
  logger,
}: {
  readonly database: Pick<Database, 'db'>
  readonly clock: Clock
  readonly logger: Logger
}): KeyUses {
  let waiting = new Map<string, UnixMs>()
  const keep = (batch: readonly (readonly [string, UnixMs])[]) => {
    for (const [id, at] of batch) waiting.set(id, Math.max(at, waiting.get(id) ?? 0))
  }
  const write = async (batch: readonly (readonly [string, UnixMs])[]) => {
    try {
      await database.db.transaction().execute(async (tx) => {
        for (const [id, at] of batch) await noteLastUse(tx, id, at)
      })
    } catch (err) {
      keep(batch)
      logger.warn({ err, keys: batch.length }, 'last uses of API keys were not written; they are kept')
    }
  }
  const flush = async () => {
    // In one order everywhere, so that replicas never wait for each other in a circle.
    const uses = [...waiting].sort(([first], [second]) => (first < second ? -1 : 1))
    waiting = new Map()
    for (let start = 0; start < uses.length; start += BATCH) await write(uses.slice(start, start + BATCH))
  }
  return {
    note: (keyId) => void waiting.set(keyId, clock.now()),
    flush,
    start() {
      const timer = setInterval(() => void flush(), FLUSH_EVERY_MS)
      timer.unref()
      return {
        async stop() {
          clearInterval(timer)
          await flush()
        },
      }
    },
  }
}
