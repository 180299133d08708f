import { openTestDatabase } from '@terrace/server/testing/dialects.ts'
import { describe, expect, test } from 'vitest'
import { type ModuleInput, moduleForm } from './harness/module-form.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'
import { startTerrace, type TerraceServer } from './harness/terrace-server.ts'

const ADDRESS = 'acme/net/aws'
const FIFTY = Array.from({ length: 50 }, (_unused, index) => index)
const START_MS = 60_000

/** Where both processes find their rows. */
const DATABASES: Readonly<Record<string, () => Promise<Readonly<Record<string, string>>>>> = {
  sqlite: async () => ({}),
  postgresql: async () => {
    const { options } = await openTestDatabase('postgresql', { migrated: false })
    if (!('url' in options) || options.url === undefined) throw new Error('A PostgreSQL database has an address')
    return { TFR_DATABASE_URL: options.url }
  },
}

async function publish(server: TerraceServer, input: Omit<ModuleInput, 'address'>): Promise<number> {
  const headers = { authorization: `Bearer ${await server.signIn()}` }
  const response = await fetch(`${server.url}/api/v1/modules`, {
    method: 'POST',
    headers,
    body: moduleForm({ address: ADDRESS, ...input }),
  })
  await response.body?.cancel()
  return response.status
}

async function listed({ url }: TerraceServer): Promise<string[]> {
  const response = await fetch(`${url}/v1/modules/${ADDRESS}/versions`)
  const { modules } = (await response.json()) as { modules: { versions: { version: string }[] }[] }
  return modules.flatMap(({ versions }) => versions.map(({ version }) => version))
}

// reliability.md row 39, F25
describe.each(Object.keys(DATABASES))('two server processes on one %s database', (name) => {
  test(
    'of fifty publishes of a version with other content one wins, and fifty versions at once are all there',
    async () => {
      using folder = makeTemporaryFolder('processes')
      const options = { dataDir: `${folder.path}/data`, env: (await DATABASES[name]?.()) ?? {} }
      await using first = await startTerrace(options)
      await using second = await startTerrace(options)
      const serverOf = (index: number) => (index % 2 === 0 ? first : second)
      await Promise.all([first.signIn(), second.signIn()])

      const same = await Promise.all(
        FIFTY.map((index) => publish(serverOf(index), { version: '1.0.0', files: { 'main.tf': `# from ${index}\n` } })),
      )
      expect(same.toSorted()).toEqual([201, ...FIFTY.slice(1).map(() => 409)])

      const others = await Promise.all(
        FIFTY.map((index) => publish(serverOf(index), { version: `2.${index}.0`, files: { 'main.tf': `# from ${index}\n` } })),
      )
      expect(others).toEqual(FIFTY.map(() => 201))
      const newestFirst = [...FIFTY.map((index) => `2.${49 - index}.0`), '1.0.0']
      expect([await listed(first), await listed(second)]).toEqual([newestFirst, newestFirst])
    },
    2 * START_MS,
  )
})
