import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { testApp } from '../../testing/test-app.ts'
import { withObjectClaims } from './claim-objects.ts'
import { sweepOrphanObjects } from './sweep-orphan-objects.ts'

const KEY = 'providers/a/object'
const ABANDONED_MS = -60_000

async function setUp(dialect: (typeof DIALECTS)[number]) {
  const { deps } = await testApp(dialect)
  await deps.store.put(KEY, Readable.from([Buffer.from('bytes')]), { maxBytes: 100 })
  return deps
}

describe.each(DIALECTS)('sweeping orphan objects on %s', (dialect) => {
  test('removes an object that no row owns and gives its claim back', async () => {
    const deps = await setUp(dialect)
    const owners = [{ prefix: 'providers/', isOwned: async () => false }]
    await expect(sweepOrphanObjects(deps, { owners, graceMs: ABANDONED_MS })).resolves.toBe(1)
    expect(await deps.store.head(KEY)).toBeUndefined()
    await withObjectClaims(deps.database.db, { keys: [KEY], waitMs: 0 }, async () => undefined)
  })

  test('leaves an object alone while somebody brings it', async () => {
    const deps = await setUp(dialect)
    const owners = [{ prefix: 'providers/', isOwned: async () => false }]
    await withObjectClaims(deps.database.db, { keys: [KEY], waitMs: 0 }, async () => {
      await expect(sweepOrphanObjects(deps, { owners, graceMs: ABANDONED_MS })).resolves.toBe(0)
    })
    expect(await deps.store.head(KEY)).toBeDefined()
  })

  // P2: a publisher that commits while the sweeper looks must not lose its object.
  test('looks at the row again under the claim', async () => {
    const deps = await setUp(dialect)
    let looks = 0
    const owners = [{ prefix: 'providers/', isOwned: async () => ++looks > 1 }]
    await expect(sweepOrphanObjects(deps, { owners, graceMs: ABANDONED_MS })).resolves.toBe(0)
    expect(await deps.store.head(KEY)).toBeDefined()
  })
})
