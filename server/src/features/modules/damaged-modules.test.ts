import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { downloadModule, publishModule, publishNewModule } from '../../testing/publish-modules.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

const NET = 'acme/net/aws'

function storedFile({ place }: TestApp, version: string): string {
  const root = join(place.folder, 'data')
  const found = (readdirSync(root, { recursive: true }) as string[]).find((path) => path.endsWith(`net/aws/${version}.tar.gz`))
  if (found === undefined) throw new Error(`No archive of ${version} is stored`)
  return join(root, found)
}

function changeOneBit(path: string): void {
  const bytes = readFileSync(path)
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

const read = async (app: TestApp, url: string) => (await app.request(url)).json<Record<string, unknown>>()

// reliability.md F13, F36
describe.each(DIALECTS)('a stored module archive that is not what it was, on %s', (dialect) => {
  test.each<[string, (path: string) => void]>([
    ['changed', changeOneBit],
    ['cut', (path) => writeFileSync(path, readFileSync(path).subarray(0, 50))],
    ['lost', (path) => rmSync(path)],
  ])('%s: it is never sent, leaves every list, and comes back with the same content', async (_what, damage) => {
    const app = await testApp(dialect)
    await publishNewModule(app)
    const { sha256 } = await publishNewModule(app, { version: '1.1.0' })
    damage(storedFile(app, '1.1.0'))
    expect(await downloadModule(app, NET, '1.1.0')).not.toMatchObject({ status: 200 })

    await vi.waitFor(async () => expect((await app.request(`/v1/modules/${NET}/1.1.0/download`)).statusCode).toBe(502))
    expect(await read(app, `/v1/modules/${NET}/versions`)).toMatchObject({ modules: [{ versions: [{ version: '1.0.0' }] }] })
    const audit = await app.asAdmin({ url: '/api/v1/audit?action=module_version.damage' })
    expect(audit.json()).toMatchObject({ items: [{ object: 'modules/acme/net/aws/1.1.0.tar.gz', outcome: 'error' }] })
    for (const list of ['/v1/modules/', '/v1/modules/search?q=net']) {
      expect(await read(app, list)).toMatchObject({ modules: [{ version: '1.0.0' }] })
    }
    expect(await read(app, `/api/v1/modules/${NET}/versions`)).toMatchObject({
      items: [
        { version: '1.1.0', state: 'damaged' },
        { version: '1.0.0', state: 'published' },
      ],
    })

    expect((await publishModule(app, { version: '1.1.0', files: { 'main.tf': '# other\n' } })).statusCode).toBe(409)
    const again = await publishModule(app, { version: '1.1.0' })
    expect([again.statusCode, again.json()]).toEqual([200, expect.objectContaining({ sha256 })])
    expect(await downloadModule(app, NET, '1.1.0')).toEqual({ status: 200, sha256 })
    expect(await read(app, '/v1/modules/search?q=net')).toMatchObject({ modules: [{ version: '1.1.0' }] })
  })

  test('a module of which nothing is left is in no list', async () => {
    const app = await testApp(dialect)
    await publishNewModule(app)
    rmSync(storedFile(app, '1.0.0'))
    await downloadModule(app, NET, '1.0.0')
    await vi.waitFor(async () => expect((await app.request(`/v1/modules/${NET}`)).statusCode).toBe(404))
    expect(await read(app, '/v1/modules/')).toMatchObject({ modules: [] })
    expect(await read(app, '/api/v1/modules/search')).toMatchObject({ items: [], total: 0 })
    expect((await app.request(`/api/v1/modules/${NET}`)).json()).toMatchObject({
      code: 'MODULE_VERSION_NOT_FOUND',
      detail: 'Cannot read module "acme/net/aws": no version of it is left',
    })
  })
})
