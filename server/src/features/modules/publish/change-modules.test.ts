import { beforeEach, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { publishModule, publishNewModule } from '../../../testing/publish-modules.ts'
import { type TestApp, testApp } from '../../../testing/test-app.ts'

const NET = 'acme/net/aws'
const MODULE = `/api/v1/modules/${NET}`
const VERSION = `${MODULE}/1.1.0`
const MARK = { deprecated: true, message: 'use acme/network', successor: 'acme/network/aws' }

describe.each(DIALECTS)('marking and withdrawing modules on %s', (dialect) => {
  let app: TestApp
  beforeEach(async () => {
    app = await testApp(dialect)
    for (const version of ['1.0.0', '1.1.0']) await publishNewModule(app, { version })
  })

  const read = async (url: string) => (await app.request(url)).json<Record<string, unknown>>()
  const change = async (url: string, payload: object) => (await app.asAdmin({ method: 'PATCH', url, payload })).statusCode
  const remove = async (url: string, payload?: object) =>
    (await app.asAdmin({ method: 'DELETE', url, ...(payload !== undefined && { payload }) })).statusCode

  test('a module is marked with message and successor, and the mark is taken back', async () => {
    expect(await change(MODULE, MARK)).toBe(204)
    const marked = { deprecated: true, deprecation_message: MARK.message, successor: MARK.successor }
    expect(await read(MODULE)).toMatchObject({ module: marked, version: { state: 'published' } })
    expect(await read('/api/v1/modules/search?deprecated=true')).toMatchObject({ items: [marked] })
    expect(await read(`/v1/modules/${NET}`)).toMatchObject({ deprecation: { reason: MARK.message, link: MARK.successor } })
    expect(await change(MODULE, { deprecated: false })).toBe(204)
    expect(await read(MODULE)).toMatchObject({ module: { deprecated: false, deprecation_message: null, successor: null } })
  })

  test('a version is marked, stays installable, and is no longer the one to recommend', async () => {
    expect(await change(VERSION, { ...MARK, successor: '1.2.0' })).toBe(204)
    expect(await read(`${MODULE}/versions`)).toMatchObject({
      items: [
        { version: '1.1.0', state: 'deprecated', deprecation_message: MARK.message, successor: '1.2.0' },
        { version: '1.0.0', state: 'published', deprecation_message: null, successor: null },
      ],
    })
    expect((await app.request(`/v1/modules/${NET}/1.1.0/download`)).statusCode).toBe(204)
    expect(await read(`/v1/modules/${NET}/versions`)).toMatchObject({
      modules: [{ versions: [{ version: '1.1.0' }, { version: '1.0.0' }] }],
    })
    expect(await read(MODULE)).toMatchObject({ module: { latest: '1.0.0' }, version: { version: '1.0.0' } })
    expect(await read('/v1/modules/')).toMatchObject({ modules: [{ version: '1.0.0' }] })
    expect(await change(VERSION, { deprecated: false })).toBe(204)
    expect(await read(MODULE)).toMatchObject({ module: { latest: '1.1.0' }, version: { state: 'published', deprecation_message: null } })
  })

  test('when every version is marked the newest is still there', async () => {
    for (const version of ['1.0.0', '1.1.0']) await change(`${MODULE}/${version}`, MARK)
    expect(await read(MODULE)).toMatchObject({ version: { version: '1.1.0', state: 'deprecated' } })
  })

  test('a withdrawn version tells its reason everywhere, and its number stays taken', async () => {
    expect(await remove(VERSION, { reason: 'leaks a key' })).toBe(204)
    for (const url of [VERSION, `/v1/modules/${NET}/1.1.0`, `/v1/modules/${NET}/1.1.0/download`, `${MODULE}/diff?from=1.0.0&to=1.1.0`]) {
      const response = await app.request(url)
      expect([response.statusCode, response.body]).toEqual([410, expect.stringContaining('leaks a key')])
    }
    expect(await read(`${MODULE}/versions`)).toMatchObject({
      items: [{ version: '1.1.0', state: 'deleted', deleted_reason: 'leaks a key', published_by: 'admin' }, { version: '1.0.0' }],
    })
    for (const files of [{ 'main.tf': '# 1.1.0\n' }, { 'main.tf': '# other\n' }]) {
      expect((await publishModule(app, { version: '1.1.0', files })).json()).toMatchObject({ code: 'MODULE_VERSION_DELETED' })
    }
    expect(await remove(VERSION, { reason: 'again' })).toBe(404)
  })

  test('a module is withdrawn with every version at once, and can be published again under new numbers', async () => {
    expect(await remove(MODULE, { reason: 'moved to acme/network' })).toBe(204)
    expect(await read(`${MODULE}/versions`)).toMatchObject({
      items: [
        { version: '1.1.0', state: 'deleted', deleted_reason: 'moved to acme/network' },
        { version: '1.0.0', state: 'deleted' },
      ],
    })
    expect(await read('/v1/modules')).toMatchObject({ modules: [] })
    expect(await read('/api/v1/modules/search')).toMatchObject({ total: 0 })
    expect(await remove(MODULE, { reason: 'again' })).toBe(404)
    await publishNewModule(app, { version: '1.2.0' })
    expect(await read(MODULE)).toMatchObject({ module: { latest: '1.2.0' } })
  })

  test('what cannot be done says why', async () => {
    expect(await change('/api/v1/modules/acme/none/aws', MARK)).toBe(404)
    expect(await change(`${MODULE}/9.9.9`, MARK)).toBe(404)
    expect(await change(`${MODULE}/banana`, MARK)).toBe(400)
    expect(await change(MODULE, {})).toBe(400)
    expect(await change(MODULE, { ...MARK, colour: 'red' })).toBe(400)
    expect(await change(MODULE, { ...MARK, message: 'x'.repeat(501) })).toBe(400)
    expect(await remove(VERSION)).toBe(400)
    expect(await remove(VERSION, { reason: '' })).toBe(400)
    expect(await remove(VERSION, { reason: '  ' })).toBe(400)
    expect(await remove(`${MODULE}/9.9.9`, { reason: 'x' })).toBe(404)
  })

  test('it takes a token with the right', async () => {
    const created = await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload: { name: 'reader', scopes: ['modules:read'] } })
    const headers = { authorization: `Bearer ${created.json<{ key: string }>().key}` }
    const attempts = [
      { method: 'PATCH', url: MODULE, payload: MARK },
      { method: 'PATCH', url: VERSION, payload: MARK },
      { method: 'DELETE', url: VERSION, payload: { reason: 'x' } },
    ] as const
    for (const attempt of attempts) {
      expect((await app.request(attempt)).statusCode).toBe(401)
      expect((await app.request({ ...attempt, headers })).statusCode).toBe(403)
    }
    expect(await read(MODULE)).toMatchObject({ module: { deprecated: false, latest: '1.1.0' } })
  })

  test('each change is on the record with who did it', async () => {
    await change(MODULE, MARK)
    await change(VERSION, { deprecated: false })
    await remove(VERSION, { reason: 'leaks a key' })
    const { items } = (await app.asAdmin({ url: '/api/v1/audit?limit=100' })).json<{ items: { action: string; object: string }[] }>()
    const recorded = items.filter(({ action }) => /^module_version\.(deprecate|undeprecate|delete)$/.test(action))
    expect(new Set(recorded.map(({ action, object }) => `${action} ${object}`))).toEqual(
      new Set([`module_version.deprecate ${NET}`, `module_version.undeprecate ${NET} 1.1.0`, `module_version.delete ${NET} 1.1.0`]),
    )
  })
})
