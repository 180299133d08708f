import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { DIALECTS, openTestDatabase, type TestDatabase } from '../../testing/dialects.ts'
import { type ClaimedItem, createJobQueue } from './job-queue.ts'

const LEASE_MS = 500
const CHILD = fileURLToPath(new URL('./worker.fault-child.ts', import.meta.url))

interface ChildWorker {
  readonly process: ChildProcessWithoutNullStreams
  /** Resolves when the worker has said the line, now or before. */
  said(line: string): Promise<void>
}

function startChild(database: TestDatabase): ChildWorker {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(database.options), String(LEASE_MS)])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return { process: child, said: (line) => vi.waitFor(() => expect(output.split('\n')).toContain(line), 20_000) }
}

async function openBench(database: TestDatabase) {
  const queue = createJobQueue(database.db, { maxAttempts: 3, initialDelayMs: 1 })
  const items = ['first', 'second'].map((key) => ({ kind: 'test.work', key, input: null }))
  const jobId = await queue.createJob(database.db, { kind: 'test.job', title: 'Test', createdBy: 'ada', items })
  const claim = () =>
    vi.waitFor(async () => {
      const item = await queue.claim(['test.work'], { leaseMs: 60_000 })
      expect(item).toBeDefined()
      return item as ClaimedItem
    }, 20_000)
  const effects = () => database.db.selectFrom('objectClaims').select('key').orderBy('key').execute()
  return { queue, jobId, claim, effects }
}

/** Not while it holds the write lock of SQLite for a heartbeat: that stops everybody, whatever its lease. */
async function freeze(child: ChildWorker, { db }: TestDatabase): Promise<void> {
  for (;;) {
    child.process.kill('SIGSTOP')
    try {
      return void (await db.updateTable('systemSettings').set({ setupTokenHash: null }).execute())
    } catch {
      child.process.kill('SIGCONT')
    }
  }
}

describe.each(DIALECTS)('a worker process on %s', (dialect) => {
  // reliability.md F4, F26
  test('that is killed leaves its item to the next worker, and finished items are not run again', async () => {
    const database = await openTestDatabase(dialect)
    const { queue, jobId, claim, effects } = await openBench(database)
    const child = startChild(database)
    await child.said('begun first')
    child.process.stdin.write('go\n')
    await child.said('begun second')
    child.process.kill('SIGKILL')
    const item = await claim()
    expect(item).toMatchObject({ key: 'second', attempt: 1, deferrals: 1 })
    const [, second] = await queue.listItems(jobId, { limit: 10, offset: 0 })
    expect(second).toMatchObject({ state: 'running', errorCode: null, errorMessage: expect.stringMatching(/^Interrupted .* resumed$/) })
    await queue.complete(item, { bytesDone: 0, bytesTotal: null })
    expect(await queue.getJob(jobId)).toMatchObject({ state: 'completed', completed: 2 })
    expect(await effects()).toEqual([{ key: 'first' }])
  })

  // reliability.md F27
  test('that is frozen past its lease writes nothing when it wakes up', async () => {
    const database = await openTestDatabase(dialect)
    const { queue, jobId, claim, effects } = await openBench(database)
    const child = startChild(database)
    await child.said('begun first')
    await freeze(child, database)
    const taken = [await claim(), await claim()]
    expect(taken.map(({ key }) => key).toSorted()).toEqual(['first', 'second'])
    child.process.kill('SIGCONT')
    child.process.stdin.end('go\n')
    await child.said('stopped')
    expect(await effects()).toEqual([])
    expect(await queue.getJob(jobId)).toMatchObject({ running: 2, completed: 0, failed: 0 })
  })
})
