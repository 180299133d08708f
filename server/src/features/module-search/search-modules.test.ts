import { describe, expect, test } from 'vitest'
import { DIALECTS, openTestDatabase } from '../../testing/dialects.ts'
import { GOLDEN_DOCUMENTS } from '../../testing/golden-modules.ts'
import { GOLDEN_QUERIES } from '../../testing/golden-queries.ts'
import { addSearchDocuments, moduleRow, search, searchDocument } from '../../testing/test-search.ts'
import { countDownloads, indexModule, unindexModule } from './index.ts'
import { wordsOf } from './words.ts'

const DAY = 86_400_000

describe.each(DIALECTS)('the search on %s', (dialect) => {
  async function open(documents: Parameters<typeof addSearchDocuments>[1]) {
    const database = await openTestDatabase(dialect)
    await addSearchDocuments(database, documents)
    return database
  }

  test('ranks by where the word stands', async () => {
    const database = await open([
      searchDocument('a/readme/aws', { readme: 'Runs vault and more vault and vault' }),
      searchDocument('b/input/aws', { inputNames: ['vault'] }),
      searchDocument('c/resource/aws', { resourceTypes: ['vault'], inputNames: ['vault'], readme: 'vault' }),
      searchDocument('d/description/aws', { description: 'For the vault' }),
      searchDocument('vault/owner/aws'),
      searchDocument('e/vaulting/aws'),
      searchDocument('f/my-vault/aws'),
      searchDocument('g/vault/aws'),
    ])
    const { moduleIds, total } = await search(database, { q: 'vault' })
    expect(moduleIds).toEqual([
      'g/vault/aws',
      'f/my-vault/aws',
      'e/vaulting/aws',
      'vault/owner/aws',
      'd/description/aws',
      'b/input/aws',
      'c/resource/aws',
      'a/readme/aws',
    ])
    expect(total).toBe(8)
  })

  test('puts a misspelt name below the beginning of one and above a description', async () => {
    const database = await open([
      searchDocument('a/one/aws', { description: 'like valut' }),
      searchDocument('b/vault/aws'),
      searchDocument('c/valuting/aws'),
    ])
    expect((await search(database, { q: 'valut' })).moduleIds).toEqual(['c/valuting/aws', 'b/vault/aws', 'a/one/aws'])
  })

  test('leaves similar words out while there is enough as typed', async () => {
    const names = ['test', 'test-two', 'test-three', 'rest']
    const database = await open(names.map((name) => searchDocument(`a/${name}/aws`)))
    expect((await search(database, { q: 'test' })).moduleIds).toEqual(['a/test/aws', 'a/test-three/aws', 'a/test-two/aws'])
  })

  test('asks for every word, and for any of them when nothing has all', async () => {
    const database = await open([
      searchDocument('a/vpc/aws'),
      searchDocument('a/vpc/google'),
      searchDocument('a/queue/google', { readme: 'vpc' }),
    ])
    expect((await search(database, { q: 'vpc google' })).moduleIds).toEqual(['a/vpc/google', 'a/queue/google'])
    expect(await search(database, { q: 'queue nonsense' })).toEqual({ moduleIds: ['a/queue/google'], total: 1 })
  })

  test('filters by namespace in any case, by system and by deprecation', async () => {
    const database = await open([
      searchDocument('Acme/vpc/aws'),
      searchDocument('acme/vpc/google'),
      searchDocument('other/vpc/aws', { deprecated: true }),
    ])
    const ids = async (filter: Parameters<typeof search>[1]) => (await search(database, { q: 'vpc', sort: 'name', ...filter })).moduleIds
    expect(await ids({ namespace: 'ACME' })).toEqual(['Acme/vpc/aws', 'acme/vpc/google'])
    expect(await ids({ system: 'aws' })).toEqual(['Acme/vpc/aws', 'other/vpc/aws'])
    expect(await ids({ deprecated: true })).toEqual(['other/vpc/aws'])
    expect(await ids({ deprecated: false, system: 'aws' })).toEqual(['Acme/vpc/aws'])
    expect(await ids({ namespace: 'acme', q: '' })).toEqual(['Acme/vpc/aws', 'acme/vpc/google'])
  })

  test('sorts by name, downloads and date', async () => {
    const database = await open([
      searchDocument('a/vpc-b/aws', { downloads: 5, publishedAt: 2 * DAY }),
      searchDocument('a/vpc-a/aws', { downloads: 1, publishedAt: DAY }),
      searchDocument('a/vpc/aws', { downloads: 3, publishedAt: 3 * DAY }),
    ])
    const names = async (sort: 'name' | 'downloads' | 'date', q: string) =>
      (await search(database, { q, sort })).moduleIds.map((id) => id.split('/')[1])
    for (const q of ['vpc', '']) {
      expect(await names('name', q)).toEqual(['vpc', 'vpc-a', 'vpc-b'])
      expect(await names('downloads', q)).toEqual(['vpc-b', 'vpc', 'vpc-a'])
      expect(await names('date', q)).toEqual(['vpc', 'vpc-b', 'vpc-a'])
    }
  })

  test('puts what is deprecated last among equals, then what is downloaded most first', async () => {
    const database = await open([
      searchDocument('a/vpc/aws', { deprecated: true, downloads: 900 }),
      searchDocument('b/vpc/aws', { downloads: 1 }),
      searchDocument('c/vpc/aws', { downloads: 0 }),
    ])
    await countDownloads(database.db, 'c/vpc/aws', 2)
    expect((await search(database, { q: 'vpc' })).moduleIds).toEqual(['c/vpc/aws', 'b/vpc/aws', 'a/vpc/aws'])
  })

  test('answers pages that fit together, with the total on each', async () => {
    const database = await open(Array.from({ length: 45 }, (_, index) => searchDocument(`a/queue-${String(index).padStart(2, '0')}/aws`)))
    const pages = await Promise.all([0, 20, 40, 60].map((offset) => search(database, { q: 'queue', offset })))
    expect(pages.map(({ moduleIds }) => moduleIds.length)).toEqual([20, 20, 5, 0])
    expect(new Set(pages.flatMap(({ moduleIds }) => moduleIds)).size).toBe(45)
    expect(pages.map(({ total }) => total)).toEqual([45, 45, 45, 45])
  })

  test('lists everything for a blank query and nothing for one of signs', async () => {
    const database = await open([searchDocument('a/vpc/aws')])
    expect((await search(database, { q: ' ' })).total).toBe(1)
    expect((await search(database, { q: '***' })).total).toBe(0)
  })

  // Query languages of FTS5 and tsquery, SQL and bytes that a database refuses.
  test.each([
    '"',
    'vpc"',
    'vpc" OR "queue',
    'name : vpc',
    '{name words} : vpc',
    'vpc*',
    '^vpc',
    'NEAR(vpc, 1)',
    '(vpc',
    "vpc'; drop table modules; --",
    "vpc':*A | 'queue",
    'vpc & !queue | <->',
    'vpc\\',
    '%_',
    'vpc\u0000',
    '\ud800vpc',
  ])('takes %j as words', async (q) => {
    const database = await open([searchDocument('a/vpc/aws'), searchDocument('a/queue/aws')])
    const words = wordsOf(q).join(' ')
    expect(await search(database, { q })).toEqual(words === '' ? { moduleIds: [], total: 0 } : await search(database, { q: words }))
  })

  test('a module that is indexed again is found by its new words only', async () => {
    const database = await open([searchDocument('a/vpc/aws', { description: 'Old network' })])
    await indexModule(database.db, searchDocument('a/vpc/aws', { description: 'New router', downloads: 7 }))
    expect((await search(database, { q: 'network' })).total).toBe(0)
    expect((await search(database, { q: 'router' })).moduleIds).toEqual(['a/vpc/aws'])
  })

  test('a module that is removed from the index, or from the registry, is not found and leaves no words', async () => {
    const database = await open([searchDocument('a/vpc/aws'), searchDocument('b/vpc/aws'), searchDocument('c/vpc/aws')])
    await unindexModule(database.db, 'a/vpc/aws')
    await unindexModule(database.db, 'a/vpc/aws')
    await database.db.deleteFrom('modules').where('id', '=', 'b/vpc/aws').execute()
    expect(await search(database, { q: 'vpc' })).toEqual({ moduleIds: ['c/vpc/aws'], total: 1 })
    // The number of a removed document may be given again: its words must be gone by then.
    await addSearchDocuments(database, [searchDocument('d/queue/aws')])
    expect((await search(database, { q: 'vpc' })).moduleIds).toEqual(['c/vpc/aws'])
  })

  test('what a rolled back transaction indexed is not found', async () => {
    const database = await open([])
    const failing = database.db.transaction().execute(async (tx) => {
      await tx
        .insertInto('modules')
        .values(moduleRow(searchDocument('a/vpc/aws')))
        .execute()
      await indexModule(tx, searchDocument('a/vpc/aws'))
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect((await search(database, { q: 'vpc' })).total).toBe(0)
  })

  test('modules with the same new words may be indexed at once', async () => {
    const words = Array.from({ length: 400 }, (_, index) => `word${index}x`)
    const database = await openTestDatabase(dialect)
    const documents = Array.from({ length: 8 }, (_, index) => {
      const description = words.toSorted((a, b) => (index % 2 === 0 ? a.localeCompare(b) : b.localeCompare(a))).join(' ')
      return searchDocument(`a/module-${index}/aws`, { description, inputNames: words })
    })
    await Promise.all(documents.map((document) => addSearchDocuments(database, [document])))
    expect((await search(database, { q: 'word399x' })).total).toBe(8)
  })

  test('the largest module fits', async () => {
    const huge = Array.from({ length: 40_000 }, (_, index) => `${String(index).padStart(6, '0')}${'漢'.repeat(70)}`)
    const database = await open([
      searchDocument('a/huge/aws', { description: huge.join(' '), readme: huge.join('\n'), inputNames: huge, resourceTypes: huge }),
    ])
    expect((await search(database, { q: 'huge' })).total).toBe(1)
  })
})

test.runIf(DIALECTS.length > 1)('both databases answer the golden queries alike, to the last module', async () => {
  const databases = await Promise.all(DIALECTS.map((dialect) => openTestDatabase(dialect)))
  for (const database of databases) await addSearchDocuments(database, GOLDEN_DOCUMENTS)
  for (const [q] of GOLDEN_QUERIES) {
    const [first, second] = await Promise.all(databases.map((database) => search(database, { q, limit: 100 })))
    expect(first, q).toEqual(second)
  }
})
