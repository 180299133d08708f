/**
 * A worker in a process of its own, for tests that kill or freeze it. Its handler says `begun KEY` and goes on when it reads a line;
 * the effect of an item is a row of its key. At the end of its input it stops and says `stopped`.
 *
 * Usage: node worker.fault-child.ts OPTIONS-OF-THE-DATABASE-AS-JSON LEASE-MS
 */
import { createInterface } from 'node:readline'
import { type OpenDatabaseOptions, openDatabase } from '../database/open-database.ts'
import { createJobQueue } from './job-queue.ts'
import { startWorker } from './worker.ts'

const [options = '', leaseMs = ''] = process.argv.slice(2)
const { db, close } = openDatabase(JSON.parse(options) as OpenDatabaseOptions)
const silent = () => undefined
const lines = createInterface({ input: process.stdin })
const say = (text: string) => process.stdout.write(`${text}\n`)

const worker = startWorker({
  queue: createJobQueue(db, { maxAttempts: 3, initialDelayMs: 1 }),
  handlers: {
    'test.work': async ({ key }) => {
      say(`begun ${key}`)
      await new Promise((resolve) => lines.once('line', resolve))
      return async (tx) => {
        await tx
          .insertInto('objectClaims')
          .values({ key, token: `child ${process.pid}`, expiresAt: 0 })
          .execute()
      }
    },
  },
  concurrency: 1,
  pollMs: 20,
  leaseMs: Number(leaseMs),
  logger: { info: silent, warn: silent, error: silent },
})
say('started')

lines.on('close', async () => {
  await worker.stop(10_000)
  await close()
  say('stopped')
})
