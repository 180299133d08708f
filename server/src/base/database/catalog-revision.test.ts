import { setImmediate } from 'node:timers/promises'
import type { KyselyPlugin } from 'kysely'
import { describe, expect, test } from 'vitest'
import { DIALECTS, openTestDatabase } from '../../testing/dialects.ts'
import { bumpCatalogRevision, readCatalogRevision } from './catalog-revision.ts'
import { openDatabase } from './open-database.ts'

function countAnswers(): { readonly plugin: KyselyPlugin; readonly answers: () => number } {
  let count = 0
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      count += 1
      return result
    },
  }
  return { plugin, answers: () => count }
}

describe.each(DIALECTS)('the catalog revision on %s', (dialect) => {
  // Protocol routes ask on every request; under load many requests arrive in one turn.
  test('readers of one turn share one query, those of the next ask again', async () => {
    const database = await openTestDatabase(dialect)
    const { plugin, answers } = countAnswers()
    const db = database.db.withPlugin(plugin)
    expect(await Promise.all([readCatalogRevision(db), readCatalogRevision(db), readCatalogRevision(db)])).toEqual([0, 0, 0])
    expect(answers()).toBe(1)
    await setImmediate()
    await readCatalogRevision(db)
    expect(answers()).toBe(2)
  })

  test('a change is seen by the next reader, even within the turn of both', async () => {
    const { db } = await openTestDatabase(dialect)
    expect(await readCatalogRevision(db)).toBe(0)
    await db.transaction().execute((tx) => bumpCatalogRevision(tx))
    expect(await readCatalogRevision(db)).toBe(1)
    await bumpCatalogRevision(db)
    expect(await readCatalogRevision(db)).toBe(2)
  })

  test('a change by another replica is seen in the next turn', async () => {
    const { db, options } = await openTestDatabase(dialect)
    const replica = openDatabase(options)
    try {
      expect(await readCatalogRevision(db)).toBe(0)
      await bumpCatalogRevision(replica.db)
      await setImmediate()
      expect(await readCatalogRevision(db)).toBe(1)
    } finally {
      await replica.close()
    }
  })
})
