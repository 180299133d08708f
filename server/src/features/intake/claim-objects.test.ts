import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Db } from '../../base/database/open-database.ts'
import { createDatabaseFaults } from '../../testing/database-faults.ts'
import { DIALECTS, openTestDatabase } from '../../testing/dialects.ts'
import { type ObjectClaims, withObjectClaims } from './claim-objects.ts'

const KEY = 'providers/_self/acme/widget/1.0.0/linux_amd64/terraform-provider-widget_1.0.0_linux_amd64.zip'

/** Holds the claim until `letGo` is called. */
async function hold(db: Db, keys: readonly string[]) {
  const taken = Promise.withResolvers<ObjectClaims>()
  const end = Promise.withResolvers<void>()
  const holding = withObjectClaims(db, { keys, waitMs: 0 }, async (claims) => {
    taken.resolve(claims)
    await end.promise
  })
  const claims = await taken.promise
  return {
    claims,
    async letGo() {
      end.resolve()
      await holding
    },
  }
}

const take = (db: Db, keys: readonly string[] = [KEY], waitMs = 0) => withObjectClaims(db, { keys, waitMs }, async () => 'done')

/** What time does, without waiting for it: the lease is by the database's clock. */
const expire = (db: Db) => db.updateTable('objectClaims').set({ expiresAt: 1 }).execute()

const claimedKeys = async (db: Db) => (await db.selectFrom('objectClaims').select('key').execute()).map(({ key }) => key)

afterEach(() => {
  vi.useRealTimers()
})

describe.each(DIALECTS)('claims of objects on %s', (dialect) => {
  test('answer what the work answers, and are free afterwards', async () => {
    const { db } = await openTestDatabase(dialect)
    expect(await take(db)).toBe('done')
    expect(await claimedKeys(db)).toEqual([])
  })

  test('are free after work that failed', async () => {
    const { db } = await openTestDatabase(dialect)
    const failing = withObjectClaims(db, { keys: [KEY], waitMs: 0 }, () => Promise.reject(new Error('broken')))
    await expect(failing).rejects.toThrow('broken')
    expect(await take(db)).toBe('done')
  })

  test('are refused to a second one, who is told which object and when to come again', async () => {
    const { db } = await openTestDatabase(dialect)
    const first = await hold(db, [KEY])
    await expect(take(db)).rejects.toMatchObject({
      code: 'PUBLISH_IN_PROGRESS',
      message: expect.stringContaining(KEY),
      retryAfterSeconds: 1,
    })
    await first.letGo()
    expect(await take(db)).toBe('done')
  })

  test('are given to one who waits once they are free', async () => {
    const { db } = await openTestDatabase(dialect)
    const first = await hold(db, [KEY])
    const waiting = take(db, [KEY], 5_000)
    await first.letGo()
    expect(await waiting).toBe('done')
  })

  test('of many takers at once one holds them at any time', async () => {
    const { db } = await openTestDatabase(dialect)
    let holders = 0
    const work = async () => {
      holders += 1
      expect(holders).toBe(1)
      await new Promise(setImmediate)
      holders -= 1
    }
    await Promise.all(Array.from({ length: 8 }, () => withObjectClaims(db, { keys: [KEY], waitMs: 20_000 }, work)))
    expect(await claimedKeys(db)).toEqual([])
  })

  test('of sets that overlap in another order do not wait for each other for ever', async () => {
    const { db } = await openTestDatabase(dialect)
    const sets = [
      ['a/1', 'b/2', 'c/3'],
      ['c/3', 'b/2', 'a/1'],
      ['b/2', 'a/1'],
    ]
    const outcomes = await Promise.all(sets.map((keys) => take(db, keys, 20_000)))
    expect(outcomes).toEqual(['done', 'done', 'done'])
  })

  test('that were taken in part are given back when the rest is held', async () => {
    const { db } = await openTestDatabase(dialect)
    const first = await hold(db, ['b/2'])
    await expect(take(db, ['a/1', 'b/2'])).rejects.toMatchObject({ code: 'PUBLISH_IN_PROGRESS' })
    expect(await claimedKeys(db)).toEqual(['b/2'])
    await first.letGo()
  })

  // reliability.md F26: a killed process holds nothing for long.
  test('of a process that died are taken over when they run out', async () => {
    const { db } = await openTestDatabase(dialect)
    await hold(db, [KEY])
    await expire(db)
    expect(await take(db)).toBe('done')
  })

  // reliability.md F27: a process that was frozen and wakes must not commit what somebody else has done meanwhile.
  test('that were taken over are not given back by the former holder, whose transaction rolls back', async () => {
    const { db } = await openTestDatabase(dialect)
    const frozen = await hold(db, [KEY])
    await expire(db)
    const successor = await hold(db, [KEY])
    const commit = db.transaction().execute(async (tx) => {
      await tx.insertInto('objectClaims').values({ key: 'written/too-late', token: 'none', expiresAt: 1 }).execute()
      await frozen.claims.release(tx)
    })
    await expect(commit).rejects.toMatchObject({ code: 'PUBLISH_IN_PROGRESS', message: expect.stringContaining(KEY) })
    expect(await claimedKeys(db)).toEqual([KEY])
    await db.transaction().execute((tx) => successor.claims.release(tx))
    expect(await claimedKeys(db)).toEqual([])
    await frozen.letGo()
    await successor.letGo()
  })

  test('are renewed for as long as the work goes on', async () => {
    const { db } = await openTestDatabase(dialect)
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const holder = await hold(db, [KEY])
    await expire(db)
    await vi.advanceTimersByTimeAsync(10_000)
    await vi.waitFor(() => expect(take(db)).rejects.toMatchObject({ code: 'PUBLISH_IN_PROGRESS' }), 5_000)
    await holder.letGo()
  })

  // After the commit the work is done, whatever becomes of the database then.
  test('that cannot be given back do not change how the work ended', async () => {
    const faults = createDatabaseFaults()
    const { db } = faults.wrap(await openTestDatabase(dialect))
    const work = (outcome: () => Promise<string>) =>
      withObjectClaims(db, { keys: [KEY], waitMs: 0 }, () => {
        faults.goAway()
        return outcome()
      })
    expect(await work(async () => 'done')).toBe('done')
    expect(faults.hasFailed()).toBe(true)
    faults.comeBack()
    await expire(db)
    await expect(work(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })
})
