import { describe, expect, test } from 'vitest'
import { type Dialect, openTestDatabase, type TestDatabase } from '../../testing/dialects.ts'
import { databaseNow } from '../database/database-time.ts'
import { type Database, openDatabase } from '../database/open-database.ts'
import { type ClaimedItem, createJobQueue, type ItemFailure, type JobQueue, type NewJobItem } from './job-queue.ts'

const OPTIONS = { maxAttempts: 3, initialDelayMs: 1000 }
const LEASE = { leaseMs: 60_000 }
const NO_PROGRESS = { bytesDone: 0, bytesTotal: null }
const PASSING: ItemFailure = { code: 'UPSTREAM_UNAVAILABLE', message: 'Cannot fetch "a": no answer', permanent: false }
const FINAL: ItemFailure = { code: 'CHECKSUM_MISMATCH', message: 'Cannot verify "a": sha256 mismatch', permanent: true }

function items(...keys: string[]): NewJobItem[] {
  return keys.map((key) => ({ kind: 'test.work', key, input: { key } }))
}

interface Bench {
  readonly database: TestDatabase
  readonly db: Database['db']
  readonly queue: JobQueue
  createJob(...keys: string[]): Promise<string>
  /** Claims the next item; fails the test when none is due. */
  claim(): Promise<ClaimedItem>
  /** Lets the back-off and the lease of every item run out. */
  passTime(): Promise<void>
}

async function openBench(dialect: Dialect): Promise<Bench> {
  const database = await openTestDatabase(dialect)
  const { db } = database
  const queue = createJobQueue(db, OPTIONS)
  return {
    database,
    db,
    queue,
    createJob: (...keys) => queue.createJob(db, { kind: 'test.job', title: 'Test', createdBy: 'ada', items: items(...keys) }),
    async claim() {
      const item = await queue.claim(['test.work'], LEASE)
      if (item === undefined) throw new Error('nothing is due')
      return item
    },
    async passTime() {
      await db.updateTable('downloadJobItems').set({ runAfter: 0 }).execute()
    },
  }
}

/** The effect of an item, for tests: a row that a completed item leaves exactly once. */
function recordEffect(key: string) {
  return async (tx: Parameters<Parameters<JobQueue['complete']>[2] & object>[0]) => {
    await tx.insertInto('objectClaims').values({ key, token: 'effect', expiresAt: 0 }).execute()
  }
}

async function effects(db: Database['db']): Promise<string[]> {
  return (await db.selectFrom('objectClaims').select('key').orderBy('key').execute()).map(({ key }) => key)
}

async function errorOf(db: Database['db'], item: ClaimedItem) {
  return await db.selectFrom('downloadJobItems').select(['state', 'attempts', 'errorCode']).where('id', '=', item.id).executeTakeFirst()
}

/** Every implementation of {@link JobQueue} on every database behaves like this. */
export function jobQueueContract(dialect: Dialect): void {
  describe(`jobs on ${dialect}`, () => {
    test('a new job is pending and knows its items', async () => {
      const { queue, createJob } = await openBench(dialect)
      const id = await createJob('a', 'b')
      expect(await queue.getJob(id)).toMatchObject({ id, state: 'pending', createdBy: 'ada', total: 2, pending: 2, finishedAt: null })
    })

    test('a job without items is completed at once', async () => {
      const { queue, createJob } = await openBench(dialect)
      expect(await queue.getJob(await createJob())).toMatchObject({ state: 'completed', total: 0, finishedAt: expect.any(Number) })
    })

    test('an unknown job is undefined', async () => {
      const { queue } = await openBench(dialect)
      expect(await queue.getJob('none')).toBeUndefined()
    })

    test('a job created in a transaction that is rolled back never was', async () => {
      const { queue, db } = await openBench(dialect)
      const failing = db.transaction().execute(async (tx) => {
        await queue.createJob(tx, { kind: 'test.job', title: 'Test', createdBy: 'ada', items: items('a') })
        throw new Error('rolled back')
      })
      await expect(failing).rejects.toThrow('rolled back')
      expect((await queue.listJobs({ limit: 10, offset: 0 })).total).toBe(0)
    })

    test('a key is queued once per job, however often it is added', async () => {
      const { queue, db, createJob } = await openBench(dialect)
      const id = await createJob('a', 'a')
      expect(await queue.addItems(db, id, items('a', 'b', 'b'))).toBe(1)
      expect(await queue.getJob(id)).toMatchObject({ total: 2 })
    })

    test('more items than fit one statement are added', async () => {
      const { queue, db, createJob } = await openBench(dialect)
      const id = await createJob()
      const keys = Array.from({ length: 1200 }, (_, index) => `item ${index}`)
      expect(await queue.addItems(db, id, items(...keys))).toBe(1200)
    })

    test('items added to a job that had ended open it again', async () => {
      const { queue, db, createJob } = await openBench(dialect)
      const id = await createJob()
      await queue.addItems(db, id, items('a'))
      expect(await queue.getJob(id)).toMatchObject({ state: 'pending', finishedAt: null })
    })

    test('jobs are listed newest first, in pages, by state', async () => {
      const { queue, createJob } = await openBench(dialect)
      const first = await createJob('a')
      const second = await createJob('b')
      const done = await createJob()
      const page = await queue.listJobs({ limit: 1, offset: 1, state: 'pending' })
      expect(page).toMatchObject({ total: 2, jobs: [{ id: first }] })
      const all = await queue.listJobs({ limit: 10, offset: 0 })
      expect(all.jobs.map(({ id }) => id)).toEqual([done, second, first])
    })

    test('items are listed in the order in which they were added, without their input', async () => {
      const { queue, createJob } = await openBench(dialect)
      const id = await createJob('b', 'a', 'c')
      const listed = await queue.listItems(id, { limit: 2, offset: 0 })
      expect(listed.map(({ key }) => key)).toEqual(['b', 'a'])
      expect(listed[0]).not.toHaveProperty('input')
    })
  })

  describe(`claims on ${dialect}`, () => {
    test('the oldest item comes first, with its input and the name behind the job', async () => {
      const { createJob, claim } = await openBench(dialect)
      const jobId = await createJob('first')
      await createJob('second')
      expect(await claim()).toMatchObject({ jobId, key: 'first', input: { key: 'first' }, createdBy: 'ada', attempt: 1 })
    })

    test('only the wanted kinds are claimed', async () => {
      const { queue, createJob } = await openBench(dialect)
      await createJob('a')
      expect(await queue.claim(['test.other'], LEASE)).toBeUndefined()
      expect(await queue.claim([], LEASE)).toBeUndefined()
    })

    test('the first claim starts the job', async () => {
      const { queue, createJob, claim } = await openBench(dialect)
      const id = await createJob('a', 'b')
      await claim()
      expect(await queue.getJob(id)).toMatchObject({ state: 'running', startedAt: expect.any(Number), running: 1, pending: 1 })
    })

    test('a claimed item is not due for anybody else', async () => {
      const { queue, createJob, claim } = await openBench(dialect)
      await createJob('a')
      await claim()
      expect(await queue.claim(['test.work'], LEASE)).toBeUndefined()
    })

    test('a heartbeat renews the lease and tells the progress', async () => {
      const { queue, db, createJob, claim, passTime } = await openBench(dialect)
      const id = await createJob('a')
      const item = await claim()
      await passTime()
      expect(await queue.heartbeat(item, { bytesDone: 10, bytesTotal: 100 })).toBe(true)
      expect(await queue.claim(['test.work'], LEASE)).toBeUndefined()
      expect(await queue.getJob(id)).toMatchObject({ bytesDone: 10, bytesTotal: 100 })
      const [row] = await queue.listItems(id, { limit: 1, offset: 0 })
      expect(Math.abs((row?.runAfter ?? 0) - (await databaseNow(db)) - LEASE.leaseMs)).toBeLessThan(5000)
    })

    test('an item whose lease has run out goes to the next worker and does not use up a try', async () => {
      const { createJob, claim, passTime } = await openBench(dialect)
      await createJob('a')
      const dead = await claim()
      await passTime()
      expect(await claim()).toMatchObject({ id: dead.id, attempt: 1, deferrals: 1 })
    })

    // What kills its worker each time must not do so for ever.
    test('an item that is interrupted again and again fails', async () => {
      const { queue, db, createJob, claim, passTime } = await openBench(dialect)
      const id = await createJob('a')
      const item = await claim()
      await db.updateTable('downloadJobItems').set({ deferrals: 25 }).execute()
      await passTime()
      expect(await queue.claim(['test.work'], LEASE)).toBeUndefined()
      expect(await errorOf(db, item)).toMatchObject({ state: 'failed', errorCode: 'INTERNAL' })
      expect(await queue.getJob(id)).toMatchObject({ state: 'failed' })
    })

    test('a released item is due at once and keeps its tries', async () => {
      const { queue, createJob, claim } = await openBench(dialect)
      await createJob('a')
      expect(await queue.release(await claim())).toBe(true)
      expect(await claim()).toMatchObject({ attempt: 1, deferrals: 0 })
    })

    // Two replicas and their workers: reliability.md P6.
    test('many workers on two connections claim every item exactly once and end the job', async () => {
      const { database, queue, createJob, db } = await openBench(dialect)
      const keys = Array.from({ length: 120 }, (_, index) => `item ${String(index).padStart(3, '0')}`)
      const id = await createJob(...keys)
      const other = openDatabase(database.options)
      const queues = [queue, createJobQueue(other.db, OPTIONS)]
      const work = async (own: JobQueue) => {
        for (;;) {
          const item = await own.claim(['test.work'], LEASE)
          if (item === undefined) return
          await own.complete(item, NO_PROGRESS, recordEffect(item.key))
        }
      }
      await Promise.all([...queues, ...queues, ...queues, ...queues].map(work))
      await other.close()
      expect(await effects(db)).toEqual(keys)
      expect(await queue.getJob(id)).toMatchObject({ state: 'completed', completed: keys.length, running: 0 })
    })
  })

  describe(`ends of items on ${dialect}`, () => {
    test('the last completed item completes the job', async () => {
      const { queue, createJob, claim } = await openBench(dialect)
      const id = await createJob('a', 'b')
      expect(await queue.complete(await claim(), { bytesDone: 7, bytesTotal: null })).toBe(true)
      expect(await queue.getJob(id)).toMatchObject({ state: 'running', completed: 1, pending: 1 })
      expect(await queue.complete(await claim(), { bytesDone: 5, bytesTotal: 5 })).toBe(true)
      const ended = await queue.getJob(id)
      expect(ended).toMatchObject({ state: 'completed', completed: 2, bytesDone: 12, bytesTotal: 12, finishedAt: expect.any(Number) })
    })

    test('an effect that fails leaves the item running and nothing written', async () => {
      const { queue, db, createJob, claim } = await openBench(dialect)
      await createJob('a')
      const item = await claim()
      const failing = queue.complete(item, NO_PROGRESS, async (tx) => {
        await recordEffect('a')(tx)
        throw new Error('no effect')
      })
      await expect(failing).rejects.toThrow('no effect')
      expect(await effects(db)).toEqual([])
      expect(await errorOf(db, item)).toMatchObject({ state: 'running' })
    })

    // A worker that was frozen past its lease and wakes up: reliability.md F27.
    test('everything a worker does after it lost its lease is refused', async () => {
      const { queue, db, createJob, claim, passTime } = await openBench(dialect)
      await createJob('a')
      const frozen = await claim()
      await passTime()
      const holder = await claim()
      expect(await queue.heartbeat(frozen, NO_PROGRESS)).toBe(false)
      expect(await queue.complete(frozen, NO_PROGRESS, recordEffect('frozen'))).toBe(false)
      expect(await queue.fail(frozen, FINAL)).toBe(false)
      expect(await queue.release(frozen)).toBe(false)
      expect(await queue.complete(holder, NO_PROGRESS, recordEffect('holder'))).toBe(true)
      expect(await queue.complete(holder, NO_PROGRESS, recordEffect('twice'))).toBe(false)
      expect(await effects(db)).toEqual(['holder'])
    })

    test('a failed item waits twice as long after each try and fails for good after the last', async () => {
      const { queue, db, createJob, claim, passTime } = await openBench(dialect)
      const id = await createJob('a')
      const waits: number[] = []
      for (let attempt = 1; attempt <= OPTIONS.maxAttempts; attempt += 1) {
        const item = await claim()
        expect(item.attempt).toBe(attempt)
        expect(await queue.fail(item, PASSING)).toBe(true)
        const [row] = await queue.listItems(id, { limit: 1, offset: 0 })
        if (row?.state === 'pending') waits.push(Math.round((row.runAfter - (await databaseNow(db))) / 1000))
        await passTime()
      }
      expect(waits).toEqual([1, 2])
      expect(await queue.getJob(id)).toMatchObject({ state: 'failed', failed: 1, finishedAt: expect.any(Number) })
      expect(await queue.claim(['test.work'], LEASE)).toBeUndefined()
    })

    test('an item that waits for its next try says why', async () => {
      const { queue, db, createJob, claim } = await openBench(dialect)
      await createJob('a')
      const item = await claim()
      await queue.fail(item, PASSING)
      expect(await errorOf(db, item)).toEqual({ state: 'pending', attempts: 1, errorCode: 'UPSTREAM_UNAVAILABLE' })
    })

    test('a failure that trying again cannot help ends the item at once', async () => {
      const { queue, db, createJob, claim } = await openBench(dialect)
      const id = await createJob('a')
      const item = await claim()
      await queue.fail(item, FINAL)
      expect(await errorOf(db, item)).toEqual({ state: 'failed', attempts: 1, errorCode: 'CHECKSUM_MISMATCH' })
      expect(await queue.getJob(id)).toMatchObject({ state: 'failed' })
    })

    test('waiting for somebody else uses up no try and lasts as long as was asked', async () => {
      const { queue, db, createJob, claim, passTime } = await openBench(dialect)
      const id = await createJob('a')
      for (let round = 1; round <= OPTIONS.maxAttempts + 2; round += 1) {
        await queue.fail(await claim(), { ...PASSING, code: 'UPSTREAM_RATE_LIMITED', deferred: true, retryAfterMs: 120_000 })
        const [row] = await queue.listItems(id, { limit: 1, offset: 0 })
        expect(row).toMatchObject({ state: 'pending', attempts: 0, deferrals: round })
        expect((row?.runAfter ?? 0) - (await databaseNow(db))).toBeGreaterThan(115_000)
        await passTime()
      }
      expect(await claim()).toMatchObject({ attempt: 1 })
    })

    test('retrying a job gives its failed items all their tries and leaves the completed ones alone', async () => {
      const { queue, db, createJob, claim } = await openBench(dialect)
      const id = await createJob('good', 'bad')
      await queue.complete(await claim(), NO_PROGRESS, recordEffect('good'))
      await queue.fail(await claim(), FINAL)
      expect(await queue.retryFailed(db, id)).toBe(1)
      expect(await queue.getJob(id)).toMatchObject({ state: 'running', completed: 1, pending: 1, finishedAt: null })
      const retried = await claim()
      expect(retried).toMatchObject({ key: 'bad', attempt: 1 })
      await queue.complete(retried, NO_PROGRESS, recordEffect('bad'))
      expect(await queue.getJob(id)).toMatchObject({ state: 'completed', completed: 2, failed: 0 })
      expect(await effects(db)).toEqual(['bad', 'good'])
    })

    test('the latest item of a kind and key is found, whatever job has it and however it ended', async () => {
      const { queue, createJob, claim } = await openBench(dialect)
      expect(await queue.findLatestItem('test.work', 'same')).toBeUndefined()
      const first = await createJob('same', 'other')
      await queue.fail(await claim(), FINAL)
      expect(await queue.findLatestItem('test.work', 'same')).toMatchObject({
        jobId: first,
        state: 'failed',
        errorCode: FINAL.code,
        endedAgoMs: expect.toSatisfy((ms: number) => ms >= 0 && ms < 10_000),
      })
      const second = await createJob('same')
      expect(await queue.findLatestItem('test.work', 'same')).toMatchObject({
        jobId: second,
        state: 'pending',
        dueInMs: 0,
        endedAgoMs: null,
      })
      expect(await queue.findLatestItem('test.else', 'same')).toBeUndefined()
    })

    test('cancelling a job ends what has not ended, and keeps what has', async () => {
      const { queue, db, createJob, claim } = await openBench(dialect)
      const id = await createJob('done', 'bad', 'running', 'waiting')
      await queue.complete(await claim(), NO_PROGRESS, recordEffect('done'))
      await queue.fail(await claim(), FINAL)
      await claim()
      expect(await queue.cancel(db, id)).toBe(2)
      expect(await queue.getJob(id)).toMatchObject({ state: 'cancelled', completed: 1, failed: 1, cancelled: 2, running: 0, pending: 0 })
      expect((await queue.getJob(id))?.finishedAt).toEqual(expect.any(Number))
      expect(await queue.claim(['test.work'], LEASE)).toBeUndefined()
      expect(await queue.cancel(db, id)).toBe(0)
    })

    test('everything a worker does with a cancelled item is refused', async () => {
      const { queue, db, createJob, claim } = await openBench(dialect)
      const id = await createJob('a')
      const item = await claim()
      await queue.cancel(db, id)
      expect(await queue.heartbeat(item, NO_PROGRESS)).toBe(false)
      expect(await queue.complete(item, NO_PROGRESS, recordEffect('a'))).toBe(false)
      expect(await queue.fail(item, PASSING)).toBe(false)
      expect(await queue.release(item)).toBe(false)
      expect(await effects(db)).toEqual([])
      expect(await queue.getJob(id)).toMatchObject({ state: 'cancelled', cancelled: 1 })
    })

    test('retrying the failed items of a cancelled job leaves the cancelled ones alone', async () => {
      const { queue, db, createJob, claim } = await openBench(dialect)
      const id = await createJob('bad', 'waiting')
      await queue.fail(await claim(), FINAL)
      await queue.cancel(db, id)
      expect(await queue.retryFailed(db, id)).toBe(1)
      await queue.complete(await claim(), NO_PROGRESS)
      expect(await queue.getJob(id)).toMatchObject({ state: 'cancelled', completed: 1, cancelled: 1 })
    })

    // Workers that complete at this moment add items that a single statement would not see.
    test('a job that is cancelled while its items add others ends all the same', async () => {
      const { queue, db, createJob, claim } = await openBench(dialect)
      const id = await createJob(...Array.from({ length: 8 }, (_, index) => `resolve ${index}`))
      const claimed = [await claim(), await claim(), await claim(), await claim()]
      const completions = claimed.map((item) =>
        queue.complete(item, NO_PROGRESS, async (tx) => {
          await queue.addItems(tx, id, items(`fetch ${item.key}`))
        }),
      )
      await Promise.all([...completions, db.transaction().execute((tx) => queue.cancel(tx, id))])
      expect(await queue.getJob(id)).toMatchObject({ state: 'cancelled', pending: 0, running: 0 })
    })

    // The only item ends while the statement waits for it: nothing is cancelled by that, and something is left.
    test('a job is cancelled also at the moment at which its only item adds the next one', async () => {
      const { queue, db, createJob, claim } = await openBench(dialect)
      for (let round = 0; round < 20; round += 1) {
        const id = await createJob('resolve')
        const completion = queue.complete(await claim(), NO_PROGRESS, async (tx) => {
          await queue.addItems(tx, id, items('fetch'))
        })
        await Promise.all([completion, db.transaction().execute((tx) => queue.cancel(tx, id))])
        expect(await queue.getJob(id)).toMatchObject({ state: 'cancelled', pending: 0, running: 0 })
      }
    })

    test('a job with nothing failed has nothing to retry', async () => {
      const { queue, db, createJob } = await openBench(dialect)
      expect(await queue.retryFailed(db, await createJob('a'))).toBe(0)
    })

    // Each transaction locks the job twice; in another order they would wait for each other.
    test('items of one job complete at the same moment while each adds another one', async () => {
      const { queue, createJob } = await openBench(dialect)
      const id = await createJob(...Array.from({ length: 12 }, (_, index) => `resolve ${index}`))
      const claimed: ClaimedItem[] = []
      for (let item = await queue.claim(['test.work'], LEASE); item !== undefined; item = await queue.claim(['test.work'], LEASE))
        claimed.push(item)
      await Promise.all(
        claimed.map((item) =>
          queue.complete(item, NO_PROGRESS, async (tx) => {
            await queue.addItems(tx, id, [{ kind: 'test.fetch', key: `fetch ${item.key}`, input: null }])
          }),
        ),
      )
      expect(await queue.getJob(id)).toMatchObject({ state: 'running', completed: 12, pending: 12 })
    })
  })
}
