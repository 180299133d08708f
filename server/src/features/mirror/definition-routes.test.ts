import { describe, expect, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, definitionOf, load, mirrorSettings, ORIGIN, readJob, runJobs, untilDone, upload } from '../../testing/mirror-jobs.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

const ROUTES = ['/api/v1/admin/providers/upload', '/admin/api/providers/upload']
const DEFINITION = definitionOf('acme/widget')

const send = (app: TestApp, payload: string, { contentType = 'text/plain', url = ROUTES[0] ?? '' } = {}) =>
  app.asAdmin({ method: 'POST', url, headers: { 'content-type': contentType }, payload })

async function sendForm(app: TestApp, parts: Readonly<Record<string, string>>) {
  const form = new FormData()
  for (const [name, content] of Object.entries(parts)) form.set(name, new Blob([content]), `${name}.hcl`)
  const encoded = new Response(form)
  const headers = { 'content-type': encoded.headers.get('content-type') ?? '' }
  return app.asAdmin({ method: 'POST', url: ROUTES[0] ?? '', headers, payload: Buffer.from(await encoded.arrayBuffer()) })
}

async function countJobs(app: TestApp): Promise<number> {
  return (await app.asAdmin({ url: '/api/v1/admin/jobs' })).json<{ total: number }>().total
}

async function mirrorOf(dialect: Dialect) {
  const upstream = await startFakeUpstream()
  const app = await testApp(dialect, mirrorSettings(upstream))
  runJobs(app)
  return { upstream, app }
}

describe.each(DIALECTS)('definition files on %s', (dialect) => {
  test.each(ROUTES)('%s answers 202 with the id of a job', async (url) => {
    const app = await testApp(dialect)
    const response = await send(app, DEFINITION, { url })
    expect(response.statusCode).toBe(202)
    const { job_id, id } = response.json<{ job_id: string; id: string }>()
    expect(id).toBe(job_id)
    expect(response.headers.location).toBe(`/api/v1/admin/jobs/${job_id}`)
    expect(await readJob(app, job_id)).toMatchObject({ state: 'pending', total: 1, created_by: 'admin' })
  })

  test.each(['text/plain', 'application/octet-stream', 'application/hcl', 'application/x-www-form-urlencoded'])(
    'a body of type %s is taken as it is',
    async (contentType) => {
      const app = await testApp(dialect)
      expect((await send(app, DEFINITION, { contentType })).statusCode).toBe(202)
    },
  )

  test('the file may come in a form', async () => {
    const app = await testApp(dialect)
    const response = await sendForm(app, { anything: DEFINITION })
    expect(response.statusCode).toBe(202)
    expect((await readJob(app, response.json<{ job_id: string }>().job_id)).title).toContain('anything.hcl')
  })

  test.each([
    { what: 'an empty body', body: '', contentType: 'text/plain', status: 400 },
    { what: 'another content type', body: '<a/>', contentType: 'application/xml', status: 415 },
  ])('$what is refused', async ({ body, contentType, status }) => {
    const app = await testApp(dialect)
    expect((await send(app, body, { contentType })).statusCode).toBe(status)
    expect(await countJobs(app)).toBe(0)
  })

  test('a syntax error names its line and column, and no job is made', async () => {
    const app = await testApp(dialect)
    const response = await send(app, 'provider "acme/widget" {\n  versions = [1.0.0\n}\n')
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ code: 'INVALID_DEFINITION', context: { line: 2, column: expect.any(Number) } })
    expect(response.json<{ detail: string }>().detail).toMatch(/line 2/)
    expect(await countJobs(app)).toBe(0)
  })

  test('all problems are told at once, each with its block', async () => {
    const app = await testApp(dialect)
    const response = await send(
      app,
      'provider "a/b/c/d" {\n versions = ["x"]\n}\nprovider "acme/widget" {\n platfroms = ["linux_amd64"]\n}\n',
    )
    const { detail, context } = response.json<{ detail: string; context: { problems: unknown[] } }>()
    const text = `${detail} ${JSON.stringify(context)}`
    for (const part of ['a/b/c/d', 'acme/widget', 'platfroms', 'versions']) expect(text).toContain(part)
  })

  test('a file above the limit answers 413, bare or in a form', async () => {
    const app = await testApp(dialect, { TFR_DEFINITIONS_MAX_BYTES: '1000' })
    const large = `${DEFINITION}# ${'x'.repeat(1000)}\n`
    for (const response of [await send(app, large), await sendForm(app, { file: large })]) {
      expect([response.statusCode, response.json().code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
    }
    expect(await countJobs(app)).toBe(0)
  })

  test('nobody loads without a credential that may', async () => {
    const app = await testApp(dialect)
    const request = { method: 'POST', url: ROUTES[0] ?? '', headers: { 'content-type': 'text/plain' }, payload: DEFINITION } as const
    expect((await app.request(request)).statusCode).toBe(401)
    const made = await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload: { name: 'reader', scopes: ['mirrors:read'] } })
    const headers = { ...request.headers, authorization: `Bearer ${made.json<{ key: string }>().key}` }
    expect((await app.request({ ...request, headers })).statusCode).toBe(403)
    expect(await countJobs(app)).toBe(0)
  })

  test('a constraint loads every version that matches on the wanted platforms', async () => {
    const { upstream, app } = await mirrorOf(dialect)
    const platforms = ['linux_amd64', 'darwin_arm64']
    await upstream.addProvider('acme/widget', {
      versions: Object.fromEntries(['1.0.0', '1.2.0', '1.3.5', '2.0.0', '1.4.0-rc.1'].map((version) => [version, { platforms }])),
    })
    const job = await load(app, definitionOf('acme/widget', ['~> 1.2'], ['linux_amd64']))
    expect(job).toMatchObject({ state: 'completed', total: 3 })
    const index = await app.request(`/v1/mirror/${ORIGIN}/acme/widget/index.json`)
    expect(Object.keys(index.json().versions).sort()).toEqual(['1.2.0', '1.3.5'])
    expect(Object.keys(await archivesOf(app, 'acme/widget', '1.3.5'))).toEqual(['linux_amd64'])
    await upstream.close()
  })

  test.each([
    ['a version that is not offered', definitionOf('acme/widget', ['9.9.9']), 'PROVIDER_VERSION_NOT_FOUND'],
    ['a constraint that nothing matches', definitionOf('acme/widget', ['> 5']), 'PROVIDER_VERSION_NOT_FOUND'],
    ['a provider that is not there', definitionOf('acme/nothing'), 'PROVIDER_NOT_FOUND'],
    [
      'an exact version on a platform it is not built for',
      definitionOf('acme/widget', ['1.0.0'], ['linux_arm64']),
      'PROVIDER_PLATFORM_NOT_FOUND',
    ],
    [
      'matching versions on a platform they are not built for',
      definitionOf('acme/widget', ['> 0'], ['linux_arm64']),
      'PROVIDER_PLATFORM_NOT_FOUND',
    ],
  ])('%s is reported', async (_what, definition, code) => {
    const { upstream, app } = await mirrorOf(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {} } })
    const { items } = await load(app, definition)
    expect(items.filter(({ state }) => state === 'failed').map(({ error_code }) => error_code)).toEqual([code])
    await upstream.close()
  })

  test('one provider that is not there does not keep the others away', async () => {
    const { upstream, app } = await mirrorOf(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': {} } })
    const job = await load(app, `${definitionOf('acme/nothing')}${DEFINITION}`)
    expect(job).toMatchObject({ state: 'failed', completed: 2, failed: 1 })
    expect(Object.keys(await archivesOf(app, 'acme/widget'))).toEqual(['linux_amd64'])
    await upstream.close()
  })

  test('progress is told in items and bytes', async () => {
    const { upstream, app } = await mirrorOf(dialect)
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms: ['linux_amd64', 'linux_arm64'], sizeBytes: 50_000 } } })
    const job = await untilDone(app, await upload(app, DEFINITION))
    const size = upstream.package('acme/widget', '1.0.0').body.length + upstream.package('acme/widget', '1.0.0', 'linux_arm64').body.length
    expect(job).toMatchObject({ total: 3, completed: 3, failed: 0, bytes_done: size, bytes_total: size })
    expect(job.finished_at).not.toBeNull()
    await upstream.close()
  })
})
