import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { packagesOf, publish, publishNew } from '../../testing/publish-requests.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

const LIST = '/api/v1/admin/providers'
const PLATFORMS = ['linux_amd64', 'darwin_arm64']

interface HeldPackage {
  readonly id: string
  readonly version_id: string
  readonly namespace: string
  readonly type: string
  readonly version: string
  readonly os: string
  readonly deprecated: boolean
  readonly deprecation_message: string | null
  readonly blocked: boolean
}

interface PackageList {
  readonly items: readonly HeldPackage[]
  readonly total: number
  readonly limit: number
  readonly offset: number
}

async function list(app: TestApp, query = ''): Promise<PackageList> {
  const response = await app.asAdmin({ url: `${LIST}?${query}` })
  expect(response.statusCode).toBe(200)
  return response.json<PackageList>()
}

async function names(app: TestApp, query: string): Promise<string[]> {
  const { items } = await list(app, query)
  return items.map(({ namespace, type, version }) => `${namespace}/${type} ${version}`).sort()
}

/** The first platform that a query finds. */
async function held(app: TestApp, query = ''): Promise<HeldPackage> {
  const [item] = (await list(app, query)).items
  if (item === undefined) throw new Error(`Nothing is held for "${query}"`)
  return item
}

const patch = (app: TestApp, id: string, payload: object) => app.asAdmin({ method: 'PATCH', url: `${LIST}/${id}`, payload })
const remove = (app: TestApp, id: string) => app.asAdmin({ method: 'DELETE', url: `${LIST}/${id}` })

async function download(app: TestApp, platform = 'linux/amd64', version = '1.0.0'): Promise<number> {
  return (await app.request(`/v1/providers/acme/widget/${version}/download/${platform}`)).statusCode
}

async function audited(app: TestApp): Promise<string[]> {
  const rows = await app.deps.database.db.selectFrom('auditLogs').select(['action', 'outcome', 'object']).orderBy('id').execute()
  return rows.map(({ action, outcome, object }) => `${action} ${outcome} ${object}`)
}

async function withKey(app: TestApp, scope: string) {
  const response = await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload: { name: scope, scopes: [scope] } })
  return { authorization: `Bearer ${response.json<{ key: string }>().key}` }
}

describe.each(DIALECTS)('administration of providers on %s', (dialect) => {
  describe('the list', () => {
    test('has one row per platform, newest first', async () => {
      const app = await testApp(dialect)
      await publishNew(app, { packages: packagesOf({ type: 'widget' }, PLATFORMS) })
      await publishNew(app, { version: '0.9.0' })
      const { items, ...page } = await list(app)
      expect(page).toEqual({ total: 3, limit: 50, offset: 0 })
      expect(items.map(({ version }) => version)).toEqual(['0.9.0', '1.0.0', '1.0.0'])
      expect(new Set(items.map(({ version_id }) => version_id)).size).toBe(2)
      expect(items[0]).toMatchObject({
        hostname: '_self',
        namespace: 'acme',
        type: 'widget',
        os: 'linux',
        arch: 'amd64',
        filename: 'terraform-provider-widget_0.9.0_linux_amd64.zip',
        zh: expect.stringMatching(/^zh:[0-9a-f]{64}$/),
        h1: expect.stringMatching(/^h1:/),
        origin: 'published',
        signed_by: 'registry',
        warning: null,
        created_by: 'admin',
        deprecated: false,
        blocked: false,
        damaged: false,
      })
    })

    test('a filter narrows it, and filters add up', async () => {
      const app = await testApp(dialect)
      for (const name of ['acme/widget', 'acme/gadget', 'other/widget']) await publishNew(app, { name })
      await publishNew(app, { version: '1.1.0' })
      expect(await names(app, 'namespace=other')).toEqual(['other/widget 1.0.0'])
      expect(await names(app, 'type=widget')).toEqual(['acme/widget 1.0.0', 'acme/widget 1.1.0', 'other/widget 1.0.0'])
      expect(await names(app, 'version=1.1.0')).toEqual(['acme/widget 1.1.0'])
      expect(await names(app, 'namespace=acme&type=gadget')).toEqual(['acme/gadget 1.0.0'])
      expect(await names(app, 'hostname=_self&namespace=other')).toEqual(['other/widget 1.0.0'])
      expect(await names(app, 'hostname=registry.example.com')).toEqual([])
      expect((await list(app, 'type=widget&limit=1')).total).toBe(3)
    })

    test('a search finds parts of names in any case, and no pattern', async () => {
      const app = await testApp(dialect)
      for (const name of ['acme/widget', 'acme/gadget', 'other/a-b']) await publishNew(app, { name })
      expect(await names(app, 'q=DGE')).toEqual(['acme/gadget 1.0.0', 'acme/widget 1.0.0'])
      expect(await names(app, 'q=oth')).toEqual(['other/a-b 1.0.0'])
      for (const text of ['%', '_', 'w%t', 'a_b', '\\', "'", '"']) {
        expect([text, await names(app, `q=${encodeURIComponent(text)}`)]).toEqual([text, []])
      }
    })

    test('every page is the part of the whole that limit and offset say', async () => {
      const app = await testApp(dialect)
      for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
        await publishNew(app, { version, packages: packagesOf({ type: 'widget', version }, [...PLATFORMS, 'windows_amd64']) })
      }
      const whole = (await list(app, 'limit=100')).items.map(({ id }) => id)
      expect(whole).toHaveLength(9)
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 12 }), async (limit, offset) => {
          const { items, ...page } = await list(app, `limit=${limit}&offset=${offset}`)
          expect(items.map(({ id }) => id)).toEqual(whole.slice(offset, offset + limit))
          expect(page).toEqual({ total: 9, limit, offset })
        }),
        { numRuns: 40 },
      )
    })

    test('limits and offsets out of range are refused', async () => {
      const app = await testApp(dialect)
      for (const query of ['limit=0', 'limit=101', 'limit=-1', 'limit=x', 'offset=-1', 'offset=x', 'offset=1e99']) {
        const response = await app.asAdmin({ url: `${LIST}?${query}` })
        expect([query, response.statusCode]).toEqual([query, 400])
      }
      const { items } = await list(app, 'offset=1000000000')
      expect(items).toEqual([])
    })
  })

  describe('flags', () => {
    test("a version's id blocks all its platforms, and no other version", async () => {
      const app = await testApp(dialect)
      await publishNew(app, { packages: packagesOf({ type: 'widget' }, PLATFORMS) })
      await publishNew(app, { version: '1.1.0' })
      const { version_id } = await held(app, 'version=1.0.0')
      expect((await patch(app, version_id, { blocked: true, blocked_reason: 'malware' })).statusCode).toBeLessThan(300)
      expect([await download(app), await download(app, 'darwin/arm64'), await download(app, 'linux/amd64', '1.1.0')]).toEqual([
        404, 404, 200,
      ])
      expect((await list(app, 'version=1.0.0')).items.map(({ blocked }) => blocked)).toEqual([true, true])
      expect((await held(app, 'version=1.1.0')).blocked).toBe(false)
      await patch(app, version_id, { blocked: false })
      expect([await download(app), await download(app, 'darwin/arm64')]).toEqual([200, 200])
    })

    test("a platform's id blocks that platform only", async () => {
      const app = await testApp(dialect)
      await publishNew(app, { packages: packagesOf({ type: 'widget' }, PLATFORMS) })
      const linux = (await list(app)).items.find(({ os }) => os === 'linux')
      await patch(app, linux?.id ?? '', { blocked: true })
      expect([await download(app), await download(app, 'darwin/arm64')]).toEqual([404, 200])
      const { items } = await list(app)
      expect(Object.fromEntries(items.map(({ os, blocked }) => [os, blocked]))).toEqual({ linux: true, darwin: false })
    })

    // requirements.md C52
    test('deprecation is of the whole version, whichever id is given', async () => {
      const app = await testApp(dialect)
      await publishNew(app, { packages: packagesOf({ type: 'widget' }, PLATFORMS) })
      const { id, version_id } = await held(app)
      for (const target of [id, version_id]) {
        await patch(app, target, { deprecated: true, deprecation_message: 'use 2.0.0' })
        const { items } = await list(app)
        expect(items.map(({ deprecated, deprecation_message }) => [deprecated, deprecation_message])).toEqual([
          [true, 'use 2.0.0'],
          [true, 'use 2.0.0'],
        ])
        await patch(app, target, { deprecated: false })
        expect(await held(app)).toMatchObject({ deprecated: false, deprecation_message: null })
      }
      expect(await download(app)).toBe(200)
    })

    test('flags that are not named stay', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const { version_id } = await held(app)
      await patch(app, version_id, { deprecated: true, deprecation_message: 'old' })
      await patch(app, version_id, { blocked: true })
      expect(await held(app)).toMatchObject({ deprecated: true, deprecation_message: 'old', blocked: true })
      await patch(app, version_id, { blocked: false })
      expect(await held(app)).toMatchObject({ deprecated: true, deprecation_message: 'old', blocked: false })
    })

    test('a body without a known flag is refused', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const { version_id } = await held(app)
      for (const payload of [{}, { colour: 'red' }, { blocked: 'maybe' }, { blocked: true, extra: 1 }]) {
        expect((await patch(app, version_id, payload)).statusCode, JSON.stringify(payload)).toBe(400)
      }
      expect(await held(app)).toMatchObject({ blocked: false, deprecated: false })
    })

    test('a change is in the audit', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      await patch(app, (await held(app)).version_id, { blocked: true })
      expect(await audited(app)).toContain('provider_version.change allowed acme/widget 1.0.0')
    })
  })

  describe('deletion', () => {
    test('a version disappears with its files, and its number stays taken', async () => {
      const app = await testApp(dialect)
      await publishNew(app, { packages: packagesOf({ type: 'widget' }, PLATFORMS) })
      const document = await app.request('/v1/providers/acme/widget/1.0.0/download/linux/amd64')
      const { download_url, shasums_url } = document.json<{ download_url: string; shasums_url: string }>()
      const { version_id } = await held(app)
      expect((await remove(app, version_id)).statusCode).toBe(204)
      expect((await list(app)).total).toBe(0)
      expect([await download(app), await download(app, 'darwin/arm64')]).toEqual([404, 404])
      expect((await app.request(download_url)).statusCode).toBe(404)
      expect((await app.request(shasums_url)).statusCode).toBe(404)
      expect((await publish(app)).json()).toMatchObject({ status: 409, code: 'PROVIDER_VERSION_DELETED' })
      expect(await audited(app)).toContain('provider_version.delete allowed acme/widget 1.0.0')
    })

    test('a platform disappears alone and does not come back', async () => {
      const app = await testApp(dialect)
      const packages = packagesOf({ type: 'widget' }, PLATFORMS)
      await publishNew(app, { packages })
      const linux = (await list(app)).items.find(({ os }) => os === 'linux')
      expect((await remove(app, linux?.id ?? '')).statusCode).toBe(204)
      expect([await download(app), await download(app, 'darwin/arm64')]).toEqual([404, 200])
      expect((await list(app)).items.map(({ os }) => os)).toEqual(['darwin'])
      expect((await publish(app, { packages })).json()).toMatchObject({ status: 409, code: 'PROVIDER_VERSION_DELETED' })
    })

    test('what is not there answers 404 to every change', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const { id, version_id } = await held(app)
      await remove(app, version_id)
      for (const gone of [id, version_id, 'unknown', '00000000-0000-0000-0000-000000000000']) {
        expect((await remove(app, gone)).json(), gone).toMatchObject({ status: 404, code: 'PROVIDER_VERSION_NOT_FOUND' })
        expect((await patch(app, gone, { blocked: true })).statusCode, gone).toBe(404)
      }
    })
  })

  // requirements.md C16
  test('the documented aliases do the same', async () => {
    const app = await testApp(dialect)
    await publishNew(app)
    const alias = '/admin/api/providers'
    const listed = await app.asAdmin({ url: alias })
    expect(listed.json()).toEqual(await list(app))
    const url = `${alias}/${(await held(app)).version_id}`
    expect((await app.asAdmin({ method: 'PATCH', url, payload: { blocked: true } })).statusCode).toBeLessThan(300)
    expect(await download(app)).toBe(404)
    expect((await app.asAdmin({ method: 'DELETE', url })).statusCode).toBe(204)
    expect((await list(app)).total).toBe(0)
  })

  describe('rights', () => {
    const calls = [
      { method: 'GET', reads: true },
      { method: 'PATCH', reads: false, payload: { blocked: true } },
      { method: 'DELETE', reads: false },
    ] as const

    test.each(calls)('$method needs a credential with its right', async ({ reads, ...call }) => {
      const app = await testApp(dialect)
      await publishNew(app)
      const request = { ...call, url: reads ? LIST : `${LIST}/${(await held(app)).version_id}` }
      const statusWith = async (scope: string) => (await app.request({ ...request, headers: await withKey(app, scope) })).statusCode
      expect((await app.request(request)).statusCode).toBe(401)
      expect([await statusWith('providers:write'), await statusWith('mirrors:read')]).toEqual([403, reads ? 200 : 403])
      expect(await download(app)).toBe(200)
    })

    test('a key for certain namespaces changes nothing that is mirrored', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      await app.deps.database.db.updateTable('providers').set({ hostname: 'registry.terraform.io' }).execute()
      const { version_id } = await held(app)
      const payload = { name: 'bound', scopes: ['mirrors:manage'], namespaces: ['acme'] }
      const { key } = (await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload })).json<{ key: string }>()
      const headers = { authorization: `Bearer ${key}` }
      for (const { reads: _reads, ...call } of calls.slice(1)) {
        expect((await app.request({ ...call, url: `${LIST}/${version_id}`, headers })).json(), call.method).toMatchObject({ status: 403 })
      }
    })

    test('mirrors:manage may change and delete', async () => {
      const app = await testApp(dialect)
      await publishNew(app)
      const { version_id } = await held(app)
      const headers = await withKey(app, 'mirrors:manage')
      for (const { reads: _reads, ...call } of calls.slice(1)) {
        expect((await app.request({ ...call, url: `${LIST}/${version_id}`, headers })).statusCode, call.method).toBeLessThan(300)
      }
      expect(await download(app)).toBe(404)
    })
  })
})
