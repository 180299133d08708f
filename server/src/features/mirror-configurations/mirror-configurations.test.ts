import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { ORIGIN } from '../../testing/mirror-jobs.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import { askMirror, createTestMirror, MIRRORS } from '../../testing/test-mirrors.ts'
import { addMember } from '../../testing/test-tenants.ts'

const SETTINGS = { upstream: ORIGIN, providers: ['acme/widget'] }

describe.each(DIALECTS)('mirrors on %s', (dialect) => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp(dialect, { TFR_MULTI_TENANCY_ENABLED: 'true', TFR_SERVER_PUBLIC_URL: 'https://terrace.example.com' })
  })
  afterAll(() => app.close())

  const create = (body: object) => askMirror(app, 'POST ', { ...SETTINGS, ...body })

  test('one is created in canonical form, with what it does not name left open', async () => {
    const response = await create({
      name: 'Canonical',
      upstream: 'Registry.Example.COM',
      providers: ['Acme/Widget', 'acme/widget', 'other/*'],
    })
    expect(response.statusCode).toBe(201)
    const mirror = response.json<{ id: string }>()
    expect(response.headers.location).toBe(`${MIRRORS}/${mirror.id}`)
    expect(mirror).toMatchObject({
      name: 'canonical',
      organization: 'default',
      upstream: ORIGIN,
      namespaces: ['other'],
      providers: ['acme/widget'],
      versions: [],
      platforms: [],
      keep_newest: null,
      cool_down_days: 0,
      prereleases: false,
      interval_hours: 24,
      enabled: true,
      current_job_id: null,
    })
    for (const id of [mirror.id, 'canonical', 'CANONICAL']) expect((await askMirror(app, `GET /${id}`)).json()).toEqual(mirror)
  })

  test('every problem is told at once, and nothing is made', async () => {
    const response = await create({
      name: 'broken',
      providers: ['a/b/c/d', 'elsewhere.example.com/a/b'],
      versions: ['~= 1'],
      platforms: ['linux'],
    })
    expect([response.statusCode, response.json().code]).toEqual([422, 'RULE_BROKEN'])
    const { problems } = response.json<{ context: { problems: string[] } }>().context
    expect(problems).toHaveLength(4)
    for (const part of ['a/b/c/d', 'elsewhere', '~= 1', 'linux']) expect(problems.join()).toContain(part)
    expect((await askMirror(app, 'GET /broken')).statusCode).toBe(404)
  })

  test.each([
    ['without providers', { providers: [] }, 'RULE_BROKEN'],
    ['of this server', { upstream: 'terrace.example.com' }, 'RULE_BROKEN'],
    ['under a name that is none', { name: '-' }, 'RULE_BROKEN'],
    ['of nobody', { organization: 'nobody' }, 'ORGANIZATION_NOT_FOUND'],
  ])('one %s is refused', async (_what, body, code) => {
    expect((await create({ name: 'refused', ...body })).json().code).toBe(code)
  })

  test.each([{ interval_hours: 0 }, { keep_newest: 0 }, { cool_down_days: -1 }, { unknown: 1 }])('%o is no setting', async (body) => {
    expect((await create({ name: 'refused', ...body })).statusCode).toBe(400)
  })

  test('a name is taken once', async () => {
    await createTestMirror(app, { ...SETTINGS, name: 'twice' })
    expect((await create({ name: 'Twice' })).json()).toMatchObject({ status: 409, code: 'MIRROR_EXISTS' })
  })

  // reliability.md: dependency confusion.
  test('a namespace that is claimed here is not mirrored, nor is one whose claim was deleted', async () => {
    for (const name of ['own', 'gone']) await app.asAdmin({ method: 'POST', url: '/api/v1/namespaces', payload: { name } })
    await app.asAdmin({ method: 'DELETE', url: '/api/v1/namespaces/gone' })
    expect((await create({ name: 'confused', providers: ['own/widget'] })).json().code).toBe('NAMESPACE_TAKEN')
    expect((await create({ name: 'confused', namespaces: ['gone'] })).json().code).toBe('NAMESPACE_TAKEN')
    await createTestMirror(app, { ...SETTINGS, name: 'honest' })
    expect((await askMirror(app, 'PATCH /honest', { providers: ['own/widget'] })).json().code).toBe('NAMESPACE_TAKEN')
  })

  test('a change keeps what it does not name', async () => {
    await createTestMirror(app, { ...SETTINGS, name: 'changing', versions: ['~> 1.0'], interval_hours: 48, enabled: true })
    const before = (await askMirror(app, 'GET /changing')).json<{ next_run_at: string }>()
    const response = await askMirror(app, 'PATCH /changing', { keep_newest: 3, interval_hours: 24 })
    expect(response.json()).toMatchObject({ versions: ['~> 1.0'], keep_newest: 3, interval_hours: 24, enabled: true })
    expect(Date.parse(before.next_run_at) - Date.parse(response.json<{ next_run_at: string }>().next_run_at)).toBe(24 * 3_600_000)
    expect((await askMirror(app, 'PATCH /changing', { enabled: false, keep_newest: null })).json()).toMatchObject({
      enabled: false,
      keep_newest: null,
      next_run_at: null,
    })
    expect((await askMirror(app, 'PATCH /changing', {})).statusCode).toBe(400)
  })

  test('one that is deleted is gone', async () => {
    await createTestMirror(app, { ...SETTINGS, name: 'leaving' })
    expect((await askMirror(app, 'DELETE /leaving')).statusCode).toBe(204)
    for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
      const response = await askMirror(app, `${method} /leaving`, method === 'PATCH' ? { keep_newest: 1 } : undefined)
      expect([response.statusCode, response.json().code]).toEqual([404, 'MIRROR_NOT_FOUND'])
    }
  })

  test('changes are in the audit', async () => {
    await createTestMirror(app, { ...SETTINGS, name: 'audited' })
    await askMirror(app, 'PATCH /audited', { keep_newest: 1 })
    await askMirror(app, 'DELETE /audited')
    const { items } = (await app.asAdmin({ url: '/api/v1/audit?object=audited' })).json<{ items: { action: string; object: string }[] }>()
    const actions = items.filter(({ object }) => object === 'audited').map(({ action }) => action)
    expect(actions.sort()).toEqual(['mirror.change', 'mirror.create', 'mirror.delete'])
  })

  test('a key for certain namespaces sees mirrors and changes none', async () => {
    await createTestMirror(app, { ...SETTINGS, name: 'unbound' })
    const payload = { name: 'bound', scopes: ['mirrors:manage'], namespaces: ['acme'] }
    const { key } = (await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload })).json<{ key: string }>()
    const ask = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) => {
      const headers = { authorization: `Bearer ${key}` }
      return (await app.request({ method, url: MIRRORS + path, headers, ...(body && { payload: body }) })).statusCode
    }
    expect([await ask('GET', '/unbound'), await ask('POST', '', { ...SETTINGS, name: 'more' })]).toEqual([200, 403])
    const changes = [
      await ask('PATCH', '/unbound', { keep_newest: 1 }),
      await ask('POST', '/unbound/sync', {}),
      await ask('DELETE', '/unbound'),
    ]
    expect(changes).toEqual([403, 403, 403])
  })

  test('members see the mirrors of their organisation, and change them when they may', async () => {
    const keeper = await addMember(app, { organization: 'blue', username: 'keeper', role: 'devops' })
    const viewer = await addMember(app, { organization: 'blue', username: 'viewer', role: 'viewer' })
    const stranger = await addMember(app, { organization: 'red', username: 'stranger', role: 'devops' })
    const payload = { ...SETTINGS, name: 'blue', organization: 'blue', enabled: false }
    expect((await stranger.request({ method: 'POST', url: MIRRORS, payload })).json().code).toBe('ORGANIZATION_NOT_FOUND')
    expect((await viewer.request({ method: 'POST', url: MIRRORS, payload })).statusCode).toBe(403)
    expect((await keeper.request({ method: 'POST', url: MIRRORS, payload })).statusCode).toBe(201)
    const names = async (member: typeof keeper) =>
      (await member.request({ url: MIRRORS })).json<{ items: { name: string }[] }>().items.map(({ name }) => name)
    expect([await names(keeper), await names(viewer), await names(stranger)]).toEqual([['blue'], ['blue'], []])
    for (const url of ['/api/v1/admin/mirrors/blue', '/api/v1/admin/mirrors/blue/status', '/api/v1/admin/mirrors/blue/history']) {
      expect((await viewer.request({ url })).statusCode).toBe(200)
      expect((await stranger.request({ url })).statusCode).toBe(404)
      expect((await app.request(url)).statusCode).toBe(401)
    }
    const actions = ['/api/v1/admin/mirrors/blue/pause', '/api/v1/admin/mirrors/blue/resume', '/api/v1/admin/mirrors/blue/cancel']
    for (const url of ['/api/v1/admin/mirrors/blue/sync', ...actions]) {
      const request = { method: 'POST', url, payload: {} } as const
      expect((await app.request(request)).statusCode).toBe(401)
      expect((await viewer.request(request)).statusCode).toBe(403)
      expect((await stranger.request(request)).statusCode).toBe(404)
    }
    expect((await viewer.request({ method: 'PATCH', url: `${MIRRORS}/blue`, payload: { keep_newest: 1 } })).statusCode).toBe(403)
    expect((await stranger.request({ method: 'DELETE', url: `${MIRRORS}/blue` })).statusCode).toBe(404)
    expect((await keeper.request({ method: 'DELETE', url: `${MIRRORS}/blue` })).statusCode).toBe(204)
  })
})
