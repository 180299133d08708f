import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { definitionOf, readJob, upload } from '../../testing/mirror-jobs.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

const BASES = ['/api/v1/admin/jobs', '/admin/api/jobs']
const UNKNOWN = '01890000-0000-7000-8000-000000000000'

interface JobsAnswer {
  readonly items: readonly { readonly id: string; readonly state: string; readonly title: string }[]
  readonly total: number
}

const list = async (app: TestApp, query = '', base = BASES[0]) => (await app.asAdmin({ url: `${base}?${query}` })).json<JobsAnswer>()

async function keyWith(app: TestApp, scope: string): Promise<Record<string, string>> {
  const made = await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload: { name: scope, scopes: [scope] } })
  return { authorization: `Bearer ${made.json<{ key: string }>().key}` }
}

describe.each(DIALECTS)('jobs on %s', (dialect) => {
  test.each(BASES)('%s lists the newest first', async (base) => {
    const app = await testApp(dialect)
    const ids = [await upload(app, definitionOf('acme/first')), await upload(app, definitionOf('acme/second'))]
    const { items, total } = await list(app, '', base)
    expect(items.map(({ id }) => id)).toEqual(ids.toReversed())
    expect(total).toBe(2)
    expect(items[0]?.title).toContain('acme/second')
  })

  test('they are filtered by their state, and total counts those', async () => {
    const app = await testApp(dialect)
    await upload(app, definitionOf('acme/widget'))
    expect(await list(app, 'state=pending')).toMatchObject({ total: 1 })
    expect(await list(app, 'state=completed')).toMatchObject({ total: 0, items: [] })
  })

  test('a page is the part of the whole that limit and offset say', async () => {
    const app = await testApp(dialect)
    const ids: string[] = []
    for (const name of ['a/a', 'b/b', 'c/c']) ids.unshift(await upload(app, definitionOf(name)))
    const { items, total } = await list(app, 'limit=1&offset=1')
    expect([items.map(({ id }) => id), total]).toEqual([[ids[1]], 3])
  })

  test('a job shows its items, and the page of them that was asked for', async () => {
    const app = await testApp(dialect)
    const id = await upload(app, `${definitionOf('a/a')}${definitionOf('b/b')}`)
    expect((await readJob(app, id)).items.map(({ key, state }) => [key, state])).toEqual([
      ['resolve registry.example.com/a/a', 'pending'],
      ['resolve registry.example.com/b/b', 'pending'],
    ])
    const second = await app.asAdmin({ url: `${BASES[0]}/${id}?limit=1&offset=1` })
    expect(second.json()).toMatchObject({ total: 2, items: [{ key: 'resolve registry.example.com/b/b' }] })
  })

  test('a job without a failed item is not retried', async () => {
    const app = await testApp(dialect)
    const id = await upload(app, definitionOf('acme/widget'))
    for (const base of BASES) {
      const response = await app.asAdmin({ method: 'POST', url: `${base}/${id}/retry` })
      expect([response.statusCode, response.json().code]).toEqual([409, 'JOB_NOT_RETRIABLE'])
    }
  })

  test.each([UNKNOWN, 'nonsense'])('a job "%s" answers 404', async (id) => {
    const app = await testApp(dialect)
    for (const base of BASES) {
      expect((await app.asAdmin({ url: `${base}/${id}` })).statusCode).toBe(404)
      expect((await app.asAdmin({ method: 'POST', url: `${base}/${id}/retry` })).statusCode).toBe(404)
    }
  })

  test('reading needs mirrors:read, retrying mirrors:manage', async () => {
    const app = await testApp(dialect)
    const id = await upload(app, definitionOf('acme/widget'))
    const read = await keyWith(app, 'mirrors:read')
    const other = await keyWith(app, 'providers:write')
    for (const url of [BASES[0] ?? '', `${BASES[0]}/${id}`, '/api/v1/admin/quarantine']) {
      expect((await app.request(url)).statusCode).toBe(401)
      expect((await app.request({ url, headers: other })).statusCode).toBe(403)
      expect((await app.request({ url, headers: read })).statusCode).toBe(200)
    }
    const retry = { method: 'POST', url: `${BASES[0]}/${id}/retry` } as const
    expect((await app.request(retry)).statusCode).toBe(401)
    expect((await app.request({ ...retry, headers: read })).statusCode).toBe(403)
    expect((await app.request({ ...retry, headers: await keyWith(app, 'mirrors:manage') })).statusCode).toBe(409)
  })
})
