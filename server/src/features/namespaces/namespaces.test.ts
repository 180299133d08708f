import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { modulePublishRequest } from '../../testing/publish-modules.ts'
import { packagesOf, publishNew, publishRequest } from '../../testing/publish-requests.ts'
import { type OpenTestApp, openTestApp, testApp } from '../../testing/test-app.ts'
import { addMember, type TestMember } from '../../testing/test-tenants.ts'

const MULTI_TENANT = { TFR_MULTI_TENANCY_ENABLED: 'true' }
const versions = (name: string) => ({ url: `/v1/providers/${name}/versions` })

/** What an answer tells, without what differs in any two answers. */
function told(response: { statusCode: number; headers: Record<string, unknown>; body: string }, name: string) {
  const { date: _date, 'x-request-id': _id, 'content-length': _length, ...headers } = response.headers
  return { status: response.statusCode, headers, body: response.body.replaceAll(name, 'NAME').replace(/"requestId":"[^"]*"/, '') }
}

describe.each(DIALECTS)('namespaces of two organisations on %s', (dialect) => {
  let app: OpenTestApp
  let red: TestMember
  let redReader: TestMember
  let blue: TestMember
  beforeAll(async () => {
    app = await openTestApp(dialect, MULTI_TENANT)
    red = await addMember(app, { organization: 'red', username: 'ruby', role: 'admin' })
    redReader = await addMember(app, { organization: 'red', username: 'rita', role: 'viewer' })
    blue = await addMember(app, { organization: 'blue', username: 'bob', role: 'admin' })
    expect((await red.request(await publishRequest({ name: 'crimson/widget' }))).statusCode).toBe(201)
    expect((await red.request(await publishRequest({ name: 'secret/widget' }))).statusCode).toBe(201)
    for (const address of ['crimson/net/aws', 'secret/net/aws', 'secret/net2/aws']) {
      expect((await red.request(await modulePublishRequest({ address }))).statusCode).toBe(201)
    }
    const hide = { method: 'PATCH', url: '/api/v1/namespaces/secret', payload: { visibility: 'private' } } as const
    expect((await red.request(hide)).statusCode).toBe(204)
  })
  afterAll(() => app.close())

  test('the first publish claims a name for the organisation of the publisher', async () => {
    const { items } = (await red.request({ url: '/api/v1/namespaces?organization=red' })).json<{ items: object[] }>()
    expect(items).toMatchObject([
      { name: 'crimson', organization: 'red', visibility: 'public', created_by: 'ruby/test' },
      { name: 'secret', visibility: 'private' },
    ])
  })

  test('another organisation publishes nothing in a claimed namespace', async () => {
    const response = await blue.request(await publishRequest({ name: 'crimson/other' }))
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([403, 'SCOPE_MISSING'])
    expect((await app.request(versions('crimson/other'))).statusCode).toBe(404)
  })

  test('a public namespace is read by everybody and kept by shared caches, a private one by its members only', async () => {
    const answers = await Promise.all([
      app.request(versions('crimson/widget')),
      redReader.request(versions('secret/widget')),
      blue.request(versions('secret/widget')),
      app.request(versions('secret/widget')),
    ])
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 404, 404])
    expect(answers.map(({ headers }) => headers['cache-control']).slice(0, 2)).toEqual(['public, max-age=60', 'private, no-store'])
  })

  // reliability.md row 29.
  test.each([
    ['versions', '/v1/providers/NAME/widget/versions'],
    ['a package', '/v1/providers/NAME/widget/1.0.0/download/linux/amd64'],
    ['the detail', '/v1/providers/NAME/widget'],
    ['a version', '/v1/providers/NAME/widget/1.0.0'],
    ['the mirror index', '/v1/mirror/localhost/NAME/widget/index.json'],
    ['the mirror version', '/v1/mirror/localhost/NAME/widget/1.0.0.json'],
    ['versions of a module', '/v1/modules/NAME/net/aws/versions'],
    ['the archive of a module', '/v1/modules/NAME/net/aws/1.0.0/download'],
    ['the newest archive', '/v1/modules/NAME/net/aws/download'],
    ['the public detail of a module', '/v1/modules/NAME/net/aws'],
    ['a version of it', '/v1/modules/NAME/net/aws/1.0.0'],
    ['the modules of a namespace', '/v1/modules/NAME'],
    ['the systems of a module', '/v1/modules/NAME/net'],
    ['the detail of a module', '/api/v1/modules/NAME/net/aws'],
    ['one version of it', '/api/v1/modules/NAME/net/aws/1.0.0'],
    ['the states of its versions', '/api/v1/modules/NAME/net/aws/versions'],
    ['a comparison', '/api/v1/modules/NAME/net/aws/diff?from=1.0.0&to=1.0.0'],
    ['a search in it', '/api/v1/modules/search?q=net&namespace=NAME'],
    ['the same by protocol', '/v1/modules/search?q=net&namespace=NAME'],
  ])('%s of what one may not read answers as of what does not exist', async (_what, path) => {
    const ask = (name: string) => blue.request({ url: path.replace('NAME', name), headers: { host: 'localhost' } })
    const [hidden, missing] = [await ask('secret'), await ask('absent')]
    expect(told(hidden, 'secret')).toEqual(told(missing, 'absent'))
  })

  test('lists leave out what one may not read', async () => {
    const namesFor = async (member: TestMember, url: string) =>
      (await member.request({ url }))
        .json<{ items: { name?: string; namespace?: string }[] }>()
        .items.map((item) => item.name ?? item.namespace)
    expect(await namesFor(blue, '/api/v1/namespaces')).not.toContain('secret')
    expect(await namesFor(redReader, '/api/v1/namespaces')).toContain('secret')
    expect(await namesFor(blue, '/api/v1/admin/providers')).not.toContain('secret')
    expect(await namesFor(redReader, '/api/v1/admin/providers')).toContain('secret')
  })

  test('modules one may not read are neither listed nor found', async () => {
    const idsFor = async (member: TestMember, url: string) => (await member.request({ url })).body.includes('secret/')
    for (const url of ['/v1/modules', '/v1/modules/search?q=net', '/api/v1/modules/search?q=net']) {
      expect([await idsFor(blue, url), await idsFor(redReader, url)]).toEqual([false, true])
    }
  })

  test('modules of another organisation are not changed', async () => {
    const change = (address: string) =>
      ({ method: 'PATCH', url: `/api/v1/modules/${address}`, payload: { deprecated: true, message: 'x' } }) as const
    const withdraw = (address: string) => ({ method: 'DELETE', url: `/api/v1/modules/${address}/1.0.0`, payload: { reason: 'x' } }) as const
    for (const request of [change, withdraw]) {
      const answers = [await blue.request(request('secret/net/aws')), await blue.request(request('crimson/net/aws'))]
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 403])
      expect((await redReader.request(request('secret/net/aws'))).statusCode).toBe(403)
    }
    expect((await blue.request(await modulePublishRequest({ address: 'secret/net/aws', version: '2.0.0' }))).statusCode).toBe(403)
    expect((await red.request(withdraw('secret/net2/aws'))).statusCode).toBe(204)
  })

  test('nobody but an administrator of its organisation changes a namespace', async () => {
    const patch = (name: string) => ({ method: 'PATCH', url: `/api/v1/namespaces/${name}`, payload: { visibility: 'public' } }) as const
    const answers = await Promise.all([redReader.request(patch('secret')), blue.request(patch('secret')), blue.request(patch('crimson'))])
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 404, 403])
  })

  test('the organisation of others answers as one that does not exist, the default one as forbidden', async () => {
    const ask = async (by: TestMember, method: 'POST' | 'PATCH', organization: string) => {
      const [url, payload] = method === 'POST' ? ['', { name: 'brushes', organization }] : ['/blue-own', { organization }]
      return told(await by.request({ method, url: `/api/v1/namespaces${url}`, payload }), organization)
    }
    await blue.request({ method: 'POST', url: '/api/v1/namespaces', payload: { name: 'blue-own', organization: 'blue' } })
    for (const method of ['POST', 'PATCH'] as const) {
      const [theirs, missing] = [await ask(blue, method, 'red'), await ask(blue, method, 'nobody')]
      expect([theirs, theirs.status], method).toEqual([missing, 404])
    }
    expect((await ask(blue, 'PATCH', 'default')).status).toBe(403)
  })

  test('packages of another organisation are not changed', async () => {
    const { items } = (await red.request({ url: '/api/v1/admin/providers?namespace=secret' })).json<{ items: { id: string }[] }>()
    const block = { method: 'PATCH', url: `/api/v1/admin/providers/${items[0]?.id}`, payload: { blocked: true } } as const
    expect((await blue.request(block)).json()).toMatchObject({ status: 404, code: 'PROVIDER_VERSION_NOT_FOUND' })
    expect((await redReader.request(block)).statusCode).toBe(403)
  })

  test('a key for certain namespaces changes no other one', async () => {
    const narrow = await addMember(app, { organization: 'red', username: 'robot', role: 'publisher', namespaces: ['carmine'] })
    const [own, other] = [
      await narrow.request(await publishRequest({ name: 'carmine/widget' })),
      await narrow.request(await publishRequest({ name: 'crimson/new' })),
    ]
    expect([own.statusCode, other.statusCode]).toEqual([201, 403])
  })
})

describe.each(DIALECTS)('namespaces on %s', (dialect) => {
  // reliability.md row 45.
  test('a deleted namespace is never given away again', async () => {
    const app = await testApp(dialect)
    const create = { method: 'POST', url: '/api/v1/namespaces', payload: { name: 'acme' } } as const
    expect((await app.asAdmin(create)).statusCode).toBe(201)
    expect((await app.asAdmin({ method: 'DELETE', url: '/api/v1/namespaces/acme' })).statusCode).toBe(204)
    const [again, publish] = [await app.asAdmin(create), await app.asAdmin(await publishRequest({ name: 'acme/widget' }))]
    expect([again.json<{ code: string }>().code, publish.json<{ code: string }>().code]).toEqual(['NAMESPACE_TAKEN', 'NAMESPACE_TAKEN'])
  })

  test('a namespace that holds something is not deleted', async () => {
    const app = await testApp(dialect)
    await publishNew(app, { name: 'acme/widget' })
    const response = await app.asAdmin({ method: 'DELETE', url: '/api/v1/namespaces/acme' })
    expect(response.json()).toMatchObject({ status: 409, code: 'NAMESPACE_IN_USE' })
    expect((await app.request(versions('acme/widget'))).statusCode).toBe(200)
  })

  test('of many first publishers one organisation gets the name', async () => {
    const app = await testApp(dialect, MULTI_TENANT)
    const members = await Promise.all(
      ['red', 'blue', 'green', 'gold'].map((organization) =>
        addMember(app, { organization, username: `p-${organization}`, role: 'publisher' }),
      ),
    )
    const answers = await Promise.all(
      members.map(async (member, index) =>
        member.request(await publishRequest({ name: 'prize/widget', packages: packagesOf({ type: 'widget', content: `${index}` }) })),
      ),
    )
    expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1)
    const owners = await app.deps.database.db.selectFrom('namespaces').select('name').execute()
    expect(owners).toEqual([{ name: 'prize' }])
  })

  test('without anonymous reading everything needs a token', async () => {
    const app = await testApp(dialect, { TFR_AUTH_ANONYMOUS_READ: 'false' })
    await publishNew(app, { name: 'acme/widget' })
    const [without, absent, withToken] = [
      await app.request(versions('acme/widget')),
      await app.request(versions('acme/absent')),
      await app.asAdmin(versions('acme/widget')),
    ]
    expect([without.statusCode, absent.statusCode, withToken.statusCode]).toEqual([401, 401, 200])
    expect(withToken.headers['cache-control']).toBe('private, no-store')
  })

  test.each(['search', '_self', 'a b', '-a', ''])('%j is no name for a namespace', async (name) => {
    const app = await testApp(dialect)
    const response = await app.asAdmin({ method: 'POST', url: '/api/v1/namespaces', payload: { name } })
    expect([400, 422]).toContain(response.statusCode)
  })
})
