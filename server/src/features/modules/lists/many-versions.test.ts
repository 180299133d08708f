import { expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { downloadModule, publishNewModule } from '../../../testing/publish-modules.ts'
import { testApp } from '../../../testing/test-app.ts'

const MODULES = 34
const VERSIONS = 1000
const ROWS_PER_STATEMENT = 1500

// A statement of SQLite has 32 766 parameters at most.
test.each(DIALECTS)('a page of modules with a thousand versions each is whole and counts downloads, on %s', async (dialect) => {
  const app = await testApp(dialect)
  await publishNewModule(app, { address: 'acme/net/aws' })
  await downloadModule(app, 'acme/net/aws', '1.0.0')
  await app.deps.downloads.flush()
  const { db } = app.deps.database
  const module = await db.selectFrom('modules').selectAll().executeTakeFirstOrThrow()
  const version = await db.selectFrom('moduleVersions').selectAll().executeTakeFirstOrThrow()
  const others = Array.from({ length: MODULES - 1 }, (_, index) => ({
    ...module,
    id: `m${index}`,
    name: `x${index}`,
    nameKey: `x${index}`,
  }))
  await db.insertInto('modules').values(others).execute()
  const rows = others.flatMap(({ id: moduleId }) =>
    Array.from({ length: VERSIONS }, (_, minor) => {
      const id = `${moduleId}v${minor}`
      return { ...version, id, moduleId, version: `1.${minor}.0`, storageKey: id }
    }),
  )
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await db
      .insertInto('moduleVersions')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .execute()
  }
  const response = await app.request('/v1/modules/?limit=100')
  const { modules = [] } = response.json<{ modules?: { version: string; downloads: number }[] }>()
  expect([response.statusCode, modules.length]).toEqual([200, MODULES])
  expect(modules.map(({ version: latest, downloads }) => [latest, downloads])).toEqual([
    ['1.0.0', 1],
    ...others.map(() => [`1.${VERSIONS - 1}.0`, 0]),
  ])
})
