import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { publishNewModule } from '../../testing/publish-modules.ts'
import { publishNew } from '../../testing/publish-requests.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import { askLinks, type ObjectAnswer, type PlanAnswer, signedPlan } from '../../testing/test-bundles.ts'

const OWN = 'terrace.example.net'
const LOCK = `provider "${OWN}/secret/widget" {\n  version = "1.0.0"\n}\n`
const CALL = [{ path: 'main.tf', text: `module "net" {\n  source = "${OWN}/secret/net/aws"\n}\n` }]

describe.each(DIALECTS)('what is private on %s', (dialect) => {
  let app: OpenTestApp
  let asMirrorer: (path: string, payload: object) => ReturnType<OpenTestApp['request']>
  beforeAll(async () => {
    app = await openTestApp(dialect, { TFR_SERVER_PUBLIC_URL: `https://${OWN}` })
    await publishNew(app, { name: 'secret/widget' })
    await publishNewModule(app, { address: 'secret/net/aws' })
    await app.asAdmin({ method: 'PATCH', url: '/api/v1/namespaces/secret', payload: { visibility: 'private' } })
    const payload = { name: 'mirrorer', scopes: ['mirrors:manage'] }
    const { key } = (await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload })).json<{ key: string }>()
    const headers = { authorization: `Bearer ${key}` }
    asMirrorer = (path, body) => app.request({ method: 'POST', url: `/api/v1/admin/bundles/${path}`, headers, payload: body })
  })
  afterAll(() => app.close())

  const planOf = async (body: object) => (await asMirrorer('plan', { name: 'x', ...body })).json<PlanAnswer>()
  const statesOf = ({ missing }: PlanAnswer) => missing.map(({ object, state }) => `${object}: ${state}`)

  test('is in bundles of those who may read it', async () => {
    const manifest = await signedPlan(app, { source: 'lock_file', lock_file: LOCK })
    expect(manifest.providers).toHaveLength(1)
    expect((await signedPlan(app, { source: 'configuration', files: CALL })).modules).toHaveLength(1)
  })

  test('is told to others as what does not exist', async () => {
    const provider = await planOf({ source: 'lock_file', lock_file: LOCK })
    const none = await planOf({ source: 'lock_file', lock_file: LOCK.replace('widget', 'nothing') })
    expect(provider.manifest).toBeNull()
    expect(statesOf(provider)).toEqual(statesOf(none).map((line) => line.replace('nothing', 'widget')))
    const module = await planOf({ source: 'configuration', files: CALL })
    expect(statesOf(module)).toEqual(['module secret/net/aws: this registry does not hold it'])
  })

  // The name under which the database keeps what is published here is no host name, and must not become one.
  test('is not reached by the name of its rows', async () => {
    const response = await asMirrorer('plan', { name: 'x', source: 'lock_file', lock_file: LOCK.replace(OWN, '_self') })
    expect(response.json()).toMatchObject({ code: 'INVALID_ADDRESS' })
  })

  test('has no links for others', async () => {
    const { objects } = await signedPlan(app, { source: 'lock_file', lock_file: LOCK })
    const module = await signedPlan(app, { source: 'configuration', files: CALL })
    for (const { path } of [...objects, ...module.objects]) {
      expect((await askLinks(app, [path])).json<{ objects: ObjectAnswer[] }>().objects).toHaveLength(1)
      for (const spelling of [path, path.replace(OWN, '_self')]) {
        expect((await asMirrorer('links', { paths: [spelling] })).json()).toMatchObject({ code: 'OBJECT_NOT_FOUND' })
      }
    }
  })

  test('is planned by nobody without the scope', async () => {
    const payload = { name: 'reader', scopes: ['mirrors:read'] }
    const { key } = (await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload })).json<{ key: string }>()
    for (const path of ['plan', 'links']) {
      const request = { method: 'POST', url: `/api/v1/admin/bundles/${path}`, payload: { paths: ['x'] } } as const
      expect((await app.request({ ...request, headers: { authorization: `Bearer ${key}` } })).statusCode).toBe(403)
      expect((await app.request(request)).statusCode).toBe(401)
    }
  })
})
