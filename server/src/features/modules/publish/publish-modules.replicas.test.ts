import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { downloadModule, type PublishedModule, publishModule, publishNewModule } from '../../../testing/publish-modules.ts'
import { type TestApp, testApp } from '../../../testing/test-app.ts'

const NET = 'acme/net/aws'
const FIFTY = Array.from({ length: 50 }, (_unused, index) => index)

/** A word that is like none of the others. */
const wordOf = (index: number): string => createHash('sha256').update(String(index)).digest('hex').slice(0, 12)

/** Two servers over one database and one folder. */
async function replicas(dialect: Dialect): Promise<readonly [TestApp, TestApp]> {
  const first = await testApp(dialect)
  return [first, await testApp(dialect, {}, { beside: first })]
}

async function storedKeys({ deps }: TestApp): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of deps.store.list('modules/')) keys.push(key)
  return keys
}

const listed = async (app: TestApp) =>
  (await app.request(`/v1/modules/${NET}/versions`))
    .json<{ modules: { versions: { version: string }[] }[] }>()
    .modules[0]?.versions.map(({ version }) => version)

describe.each(DIALECTS)('publishing modules on two servers at once, on %s', (dialect) => {
  // reliability.md row 39, F25
  test('of fifty publishers of one version with fifty contents exactly one wins, and its bytes are stored', async () => {
    const servers = await replicas(dialect)
    const responses = await Promise.all(
      FIFTY.map((index) => publishModule(servers[index % 2] ?? servers[0], { files: { 'main.tf': `# from ${index}\n` } })),
    )
    const winner = responses.find(({ statusCode }) => statusCode === 201)?.json<PublishedModule>()
    const refused = responses.filter(({ statusCode }) => statusCode === 409)
    expect([winner?.version, refused.length]).toEqual(['1.0.0', 49])
    for (const response of refused) {
      expect(response.json()).toMatchObject({
        code: 'MODULE_VERSION_EXISTS',
        context: { published: `sha256:${winner?.content_sha256}`, offered: expect.not.stringContaining(winner?.content_sha256 ?? '') },
      })
    }
    for (const server of servers) expect(await downloadModule(server, NET, '1.0.0')).toEqual({ status: 200, sha256: winner?.sha256 })
    expect(await storedKeys(servers[0])).toHaveLength(1)
  })

  test('fifty versions at once are all listed, and the search knows the newest', async () => {
    const servers = await replicas(dialect)
    const responses = await Promise.all(
      FIFTY.map((index) =>
        publishModule(servers[index % 2] ?? servers[0], {
          version: `1.${index}.0`,
          files: { 'main.tf': `variable "${wordOf(index)}" {}\n` },
        }),
      ),
    )
    expect(responses.map(({ statusCode }) => statusCode)).toEqual(FIFTY.map(() => 201))
    const newestFirst = FIFTY.map((index) => `1.${49 - index}.0`)
    for (const server of servers) {
      expect(await listed(server)).toEqual(newestFirst)
      const found = async (index: number) =>
        (await server.request(`/api/v1/modules/search?q=${wordOf(index)}`)).json<{ total: number }>().total
      expect([await found(49), await found(48)]).toEqual([1, 0])
    }
  })

  test('the same content at once is one publication and no conflict', async () => {
    const servers = await replicas(dialect)
    const responses = await Promise.all(FIFTY.slice(0, 10).map((index) => publishModule(servers[index % 2] ?? servers[0])))
    expect(responses.map(({ statusCode }) => statusCode).sort()).toEqual([...Array.from({ length: 9 }, () => 200), 201])
    expect(new Set(responses.map((response) => response.json<PublishedModule>().sha256)).size).toBe(1)
  })

  test('what one server publishes, marks and withdraws is seen by the other with the next request', async () => {
    const [first, second] = await replicas(dialect)
    expect((await second.request(`/v1/modules/${NET}/versions`)).statusCode).toBe(404)
    await publishNewModule(first)
    const { sha256 } = await publishNewModule(first, { version: '1.1.0' })
    expect(await downloadModule(second, NET, '1.1.0')).toEqual({ status: 200, sha256 })
    const url = `/api/v1/modules/${NET}/1.1.0`
    await first.asAdmin({ method: 'PATCH', url, payload: { deprecated: true, message: 'slow' } })
    expect((await second.request(url)).json()).toMatchObject({ version: { state: 'deprecated' } })
    const link = String((await second.request(`/v1/modules/${NET}/1.1.0/download`)).headers['x-terraform-get'])
    await first.asAdmin({ method: 'DELETE', url, payload: { reason: 'wrong' } })
    expect(await listed(second)).toEqual(['1.0.0'])
    // A link that was handed out before leads nowhere either.
    expect((await second.request(new URL(link, 'http://localhost').href)).statusCode).toBe(404)
    expect((await publishModule(second, { version: '1.1.0' })).json()).toMatchObject({ status: 409, code: 'MODULE_VERSION_DELETED' })
  })
})
