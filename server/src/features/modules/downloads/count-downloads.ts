import type { Clock } from '../../../base/clock.ts'
import type { Database } from '../../../base/database/open-database.ts'
import type { Logger } from '../../../base/logger.ts'
import { countDownloads } from '../../module-search/index.ts'
import { addDownloads } from './download-count-queries.ts'

/** Counts downloads in memory and writes them in batches: a download must neither wait for a write nor fail by one. */
export interface DownloadCounter {
  /** One more download of a version. Returns at once. */
  count(version: { readonly id: string; readonly moduleId: string }): void
  /** Writes what was counted; what cannot be written is kept for the next time. */
  flush(): Promise<void>
  /** Flushes by itself every few seconds, until it is stopped. */
  start(): { stop(): Promise<void> }
}

const FLUSH_EVERY_MS = 10_000

/** A crash loses the last few seconds of counts, and nothing else. */
export function createDownloadCounter({
  database,
  clock,
  logger,
}: {
  readonly database: Pick<Database, 'db'>
  readonly clock: Clock
  readonly logger: Logger
}): DownloadCounter {
  let waiting = new Map<string, number>()
  const add = (key: string, count: number) => waiting.set(key, (waiting.get(key) ?? 0) + count)
  const flush = async () => {
    const batch = waiting
    waiting = new Map()
    try {
      await database.db.transaction().execute(async (tx) => {
        for (const [key, count] of batch) {
          const [versionId = '', moduleId = '', day = ''] = key.split(' ')
          await addDownloads(tx, { versionId, day, count })
          await countDownloads(tx, moduleId, count)
        }
      })
    } catch (err) {
      for (const [key, count] of batch) add(key, count)
      logger.warn({ err, versions: batch.size }, 'download counts were not written; they are kept')
    }
  }
  return {
    count: ({ id, moduleId }) => add(`${id} ${moduleId} ${new Date(clock.now()).toISOString().slice(0, 10)}`, 1),
    flush: async () => {
      if (waiting.size > 0) await flush()
    },
    start() {
      const timer = setInterval(() => {
        if (waiting.size > 0) void flush()
      }, FLUSH_EVERY_MS)
      timer.unref()
      return {
        async stop() {
          clearInterval(timer)
          if (waiting.size > 0) await flush()
        },
      }
    },
  }
}
