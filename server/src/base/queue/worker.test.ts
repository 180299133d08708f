import { afterEach, describe, expect, test, vi } from 'vitest'
import { DIALECTS, type Dialect, openTestDatabase } from '../../testing/dialects.ts'
import { RegistryError } from '../errors.ts'
import { createJobQueue, type JobQueue } from './job-queue.ts'
import { type JobHandler, startWorker, type Worker, type WorkerOptions } from './worker.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
// Long enough that a test which needs a poll or the end of a lease would time out, unless it sets its own.
const NEVER_MS = 3_600_000

const openWorkers: Worker[] = []

afterEach(async () => {
  for (const worker of openWorkers.splice(0)) await worker.stop(0)
})

async function openBench(dialect: Dialect) {
  const { db } = await openTestDatabase(dialect)
  const queue = createJobQueue(db, { maxAttempts: 3, initialDelayMs: 1 })
  return {
    db,
    queue,
    createJob: (...keys: string[]) =>
      queue.createJob(db, {
        kind: 'test.job',
        title: 'Test',
        createdBy: 'ada',
        items: keys.map((key) => ({ kind: 'test.work', key, input: { key } })),
      }),
    start(work: JobHandler<{ key: string }>, options: Partial<WorkerOptions> = {}) {
      const handlers = { 'test.work': work }
      const worker = startWorker({ queue, handlers, concurrency: 2, pollMs: 20, leaseMs: NEVER_MS, logger: silent, ...options })
      openWorkers.push(worker)
      return worker
    },
    async ended(jobId: string) {
      return await vi.waitFor(async () => {
        const job = await queue.getJob(jobId)
        expect(['completed', 'failed']).toContain(job?.state)
        return job
      }, 20_000)
    },
  }
}

function untilAborted(abort: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    abort.addEventListener('abort', () => reject(abort.reason as Error), { once: true })
  })
}

describe.each(DIALECTS)('a worker on %s', (dialect) => {
  test('runs every item and writes its effect', async () => {
    const { db, createJob, start, ended } = await openBench(dialect)
    const id = await createJob('a', 'b', 'c')
    start(({ input }) =>
      Promise.resolve(async (tx) => {
        await tx.insertInto('objectClaims').values({ key: input.key, token: 'effect', expiresAt: 0 }).execute()
      }),
    )
    expect(await ended(id)).toMatchObject({ state: 'completed', completed: 3 })
    expect(await db.selectFrom('objectClaims').select('key').orderBy('key').execute()).toHaveLength(3)
  })

  test('runs as many items at once as allowed and no more', async () => {
    const { queue, createJob, start, ended } = await openBench(dialect)
    const release = Promise.withResolvers<void>()
    const id = await createJob('a', 'b', 'c', 'd')
    const worker = start(() => release.promise, { concurrency: 2, pollMs: 1 })
    await vi.waitFor(async () => expect(await queue.getJob(id)).toMatchObject({ running: 2 }), 10_000)
    for (let chance = 0; chance < 10; chance += 1) {
      worker.wake()
      expect(await queue.getJob(id)).toMatchObject({ running: 2, pending: 2 })
    }
    release.resolve()
    expect(await ended(id)).toMatchObject({ completed: 4 })
  })

  test('goes on after a handler that throws, and tries its item again', async () => {
    const { createJob, start, ended } = await openBench(dialect)
    const seen: string[] = []
    const id = await createJob('bad', 'good')
    start(
      ({ input, attempt }) => {
        seen.push(`${input.key} ${attempt}`)
        if (input.key === 'bad' && attempt < 3) throw new Error('a defect')
        return Promise.resolve()
      },
      { concurrency: 1 },
    )
    expect(await ended(id)).toMatchObject({ state: 'completed', completed: 2 })
    expect(seen.toSorted()).toEqual(['bad 1', 'bad 2', 'bad 3', 'good 1'])
  })

  test('fails an item at once when trying again cannot help, and keeps its text for people', async () => {
    const { queue, createJob, start, ended } = await openBench(dialect)
    const id = await createJob('a')
    start(async () => {
      throw new RegistryError('CHECKSUM_MISMATCH', 'Cannot verify "a": sha256 mismatch')
    })
    expect(await ended(id)).toMatchObject({ state: 'failed', failed: 1 })
    const [item] = await queue.listItems(id, { limit: 1, offset: 0 })
    expect(item).toMatchObject({ attempts: 1, errorCode: 'CHECKSUM_MISMATCH', errorMessage: 'Cannot verify "a": sha256 mismatch' })
  })

  test('an item fails when its effect cannot be written', async () => {
    const { createJob, start, ended } = await openBench(dialect)
    const id = await createJob('a')
    start(async () => async () => {
      throw new RegistryError('RULE_BROKEN', 'Cannot record "a": it breaks a rule')
    })
    expect(await ended(id)).toMatchObject({ state: 'failed' })
  })

  test('a wake-up is faster than the poll', async () => {
    const { createJob, start, ended } = await openBench(dialect)
    const worker = start(() => Promise.resolve(), { pollMs: NEVER_MS })
    const id = await createJob('a')
    worker.wake()
    expect(await ended(id)).toMatchObject({ state: 'completed' })
  })

  test('tells the progress while an item runs and keeps the last of it', async () => {
    const { queue, createJob, start, ended } = await openBench(dialect)
    const seen = Promise.withResolvers<void>()
    const id = await createJob('a')
    start(
      async (_item, { progress }) => {
        progress(40, 100)
        await seen.promise
        progress(100, 100)
      },
      { leaseMs: 3000 },
    )
    await vi.waitFor(async () => expect(await queue.getJob(id)).toMatchObject({ running: 1, bytesDone: 40, bytesTotal: 100 }), 10_000)
    seen.resolve()
    expect(await ended(id)).toMatchObject({ bytesDone: 100, bytesTotal: 100 })
  })

  test('keeps an item for as long as it takes, by heartbeats', async () => {
    const { db, createJob, start, ended } = await openBench(dialect)
    const enough = Promise.withResolvers<void>()
    const runAfter = async () => (await db.selectFrom('downloadJobItems').select('runAfter').executeTakeFirstOrThrow()).runAfter
    const id = await createJob('a')
    let claims = 0
    start(
      async () => {
        claims += 1
        await enough.promise
      },
      { leaseMs: 400, pollMs: 20 },
    )
    await vi.waitFor(() => expect(claims).toBe(1), 10_000)
    const first = await runAfter()
    await vi.waitFor(async () => expect(await runAfter()).toBeGreaterThan(first + 800), 10_000)
    enough.resolve()
    expect(await ended(id)).toMatchObject({ state: 'completed' })
    expect(claims).toBe(1)
  })

  test('aborts an item whose lease was lost and leaves it to the new holder', async () => {
    const { db, queue, createJob, start } = await openBench(dialect)
    const begun = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<void>()
    const id = await createJob('a')
    start(
      async (_item, context) => {
        begun.resolve()
        await untilAborted(context.signal).catch((error: unknown) => {
          aborted.resolve()
          throw error
        })
      },
      { leaseMs: 300 },
    )
    await begun.promise
    await db.updateTable('downloadJobItems').set({ leaseToken: 'another', runAfter: Number.MAX_SAFE_INTEGER }).execute()
    await aborted.promise
    expect(await queue.getJob(id)).toMatchObject({ running: 1, failed: 0 })
  })

  test('aborts an item that is cancelled', async () => {
    const { db, queue, createJob, start } = await openBench(dialect)
    const begun = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<void>()
    const id = await createJob('a')
    start(
      async (_item, { signal }) => {
        begun.resolve()
        await untilAborted(signal).finally(() => aborted.resolve())
      },
      { leaseMs: 300 },
    )
    await begun.promise
    await queue.cancel(db, id)
    await aborted.promise
    expect(await queue.getJob(id)).toMatchObject({ state: 'cancelled', cancelled: 1, failed: 0 })
  })

  test('a stop waits for running items', async () => {
    const { queue, createJob, start } = await openBench(dialect)
    const begun = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const id = await createJob('a', 'b')
    const worker = start(
      async () => {
        begun.resolve()
        await release.promise
      },
      { concurrency: 1 },
    )
    await begun.promise
    const stopped = worker.stop(20_000)
    release.resolve()
    await stopped
    expect(await queue.getJob(id)).toMatchObject({ completed: 1, pending: 1, running: 0 })
  })

  test('a stop gives back what does not end in time, and counts no try', async () => {
    const { queue, createJob, start } = await openBench(dialect)
    const begun = Promise.withResolvers<void>()
    const id = await createJob('a')
    const worker = start(async (_item, context) => {
      begun.resolve()
      await untilAborted(context.signal)
    })
    await begun.promise
    await worker.stop(0)
    expect(await queue.getJob(id)).toMatchObject({ state: 'running', pending: 1, running: 0 })
    expect(await queue.claim(['test.work'], { leaseMs: NEVER_MS })).toMatchObject({ attempt: 1, deferrals: 0 })
  })

  test('goes on when the database comes back', async () => {
    const { queue, createJob, start, ended } = await openBench(dialect)
    let outages = 3
    const shaky: JobQueue = {
      ...queue,
      async claim(kinds, options) {
        outages -= 1
        if (outages >= 0) throw new RegistryError('DATABASE_UNAVAILABLE', 'Cannot use the database: it is away')
        return await queue.claim(kinds, options)
      },
    }
    const warnings = vi.fn()
    const id = await createJob('a')
    start(() => Promise.resolve(), { queue: shaky, logger: { ...silent, warn: warnings } })
    expect(await ended(id)).toMatchObject({ state: 'completed' })
    // One line for one outage.
    expect(warnings).toHaveBeenCalledTimes(1)
  })
})
