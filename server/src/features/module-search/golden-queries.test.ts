import { beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS, openTestDatabase, type TestDatabase } from '../../testing/dialects.ts'
import { GOLDEN_DOCUMENTS } from '../../testing/golden-modules.ts'
import { GOLDEN_QUERIES } from '../../testing/golden-queries.ts'
import { addSearchDocuments, search } from '../../testing/test-search.ts'

describe.each(DIALECTS)('a golden query on %s', (dialect) => {
  let database: TestDatabase

  beforeAll(async () => {
    database = await openTestDatabase(dialect)
    await addSearchDocuments(database, GOLDEN_DOCUMENTS)
  })

  test.each(GOLDEN_QUERIES)('%j finds %s among the first three', async (q, expected) => {
    expect((await search(database, { q, limit: 3 })).moduleIds).toContain(expected)
  })
})
