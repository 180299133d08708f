import { describe, expect, test } from 'vitest'
import { DIALECTS, openTestDatabase } from '../../testing/dialects.ts'
import { bumpCatalogRevision, readCatalogRevision } from './catalog-revision.ts'
import { databaseNow } from './database-time.ts'

describe.each(DIALECTS)('a database on %s', (dialect) => {
  test('a fresh database has the settings row at catalog revision 0', async () => {
    const { db } = await openTestDatabase(dialect)
    expect(await readCatalogRevision(db)).toBe(0)
  })

  test('a bump of the catalog revision is seen after its commit and not after a rollback', async () => {
    const { db } = await openTestDatabase(dialect)
    await db.transaction().execute((tx) => bumpCatalogRevision(tx))
    await expect(
      db.transaction().execute(async (tx) => {
        await bumpCatalogRevision(tx)
        throw new Error('rolled back')
      }),
    ).rejects.toThrow('rolled back')
    expect(await readCatalogRevision(db)).toBe(1)
  })

  test('the time of the database is Unix milliseconds', async () => {
    const { db } = await openTestDatabase(dialect)
    const before = Date.now()
    const now = await databaseNow(db)
    // Both clocks are this machine's; PostgreSQL cuts microseconds off, so it may read the millisecond before.
    expect(now).toBeGreaterThanOrEqual(before - 1)
    expect(now).toBeLessThanOrEqual(Date.now() + 1)
  })
})
