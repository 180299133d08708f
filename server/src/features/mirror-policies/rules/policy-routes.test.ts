import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'
import { addMember } from '../../../testing/test-tenants.ts'

const BASE = '/api/v1/admin/mirror-policies'
const TEST = '/api/v1/admin/mirror-policies/test'
const DENY = { name: 'No rust', priority: 50, effect: 'deny', namespace: 'Rusty*', reason: 'They rust' }

interface PolicyAnswer {
  readonly id: string
  readonly name: string
  readonly priority: number
}

describe.each(DIALECTS)('mirror policies on %s', (dialect) => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp(dialect)
  })
  afterAll(() => app.close())

  const post = (url: string, payload: object) => app.asAdmin({ method: 'POST', url, payload })
  const create = async (fields: object): Promise<PolicyAnswer> => (await post(BASE, { ...DENY, ...fields })).json<PolicyAnswer>()
  const remove = ({ id }: PolicyAnswer) => app.asAdmin({ method: 'DELETE', url: `/api/v1/admin/mirror-policies/${id}` })
  const names = async () => (await app.asAdmin({ url: BASE })).json<{ items: PolicyAnswer[] }>().items.map(({ name }) => name)
  const explain = async (payload: object) => (await post(TEST, payload)).json()

  // requirements.md DB-08, DB-16.
  test('a new registry has two that let everything in, the wider one below', async () => {
    const { items, total } = (await app.asAdmin({ url: BASE })).json()
    expect(total).toBe(2)
    expect(items).toMatchObject([
      { name: 'HashiCorp providers', priority: 10, effect: 'allow', upstream: 'registry.terraform.io', namespace: 'hashicorp' },
      { name: 'Everything else', priority: 0, effect: 'allow', upstream: '*', namespace: '*', type: '*', organization: null },
    ])
  })

  test('lists show the highest priority first, and of equal ones the strictest', async () => {
    const made = [
      await create({ name: 'b', priority: 7, effect: 'allow' }),
      await create({ name: 'c', priority: 7, effect: 'deny' }),
      await create({ name: 'a', priority: 99, effect: 'allow' }),
    ]
    expect(await names()).toEqual(['a', 'HashiCorp providers', 'c', 'b', 'Everything else'])
    expect((await explain({ address: 'acme/widget' })).rules.map(({ name }: PolicyAnswer) => name)).toEqual(await names())
    expect((await app.asAdmin({ url: `${BASE}?limit=1&offset=2` })).json()).toMatchObject({ items: [{ name: 'c' }], total: 5 })
    for (const policy of made) await remove(policy)
  })

  test('a rule acts with the next question, and is gone with the next one after it is deleted', async () => {
    const about = { address: 'registry.example.com/rusty-things/nail', version: '1.0.0' }
    expect(await explain(about)).toMatchObject({ decision: 'allowed', allowed: true, rule: 'Everything else' })
    const created = await post(BASE, DENY)
    expect(created.statusCode).toBe(201)
    expect(created.json()).toMatchObject({ ...DENY, namespace: 'rusty*', upstream: '*', version: null, enabled: true, created_by: 'admin' })
    const denied = await explain(about)
    expect(denied).toMatchObject({ decision: 'denied', allowed: false, rule: 'No rust', held_until: null })
    expect(denied.why).toEqual(['Rule "No rust" (priority 50) matches first and denies it: They rust'])
    expect(denied.rules[0]).toMatchObject({ name: 'No rust', matched: true, decided: true })
    expect(denied.rules[1].checks).toContainEqual({ field: 'namespace', expected: 'hashicorp', found: 'rusty-things', matched: false })

    const { id } = created.json<PolicyAnswer>()
    const url = `/api/v1/admin/mirror-policies/${id}`
    const disabled = await app.asAdmin({ method: 'PATCH', url, payload: { enabled: false, version: '>= 2.0' } })
    expect(disabled.json()).toMatchObject({ name: 'No rust', enabled: false, version: '>= 2.0', reason: 'They rust' })
    expect(await explain(about)).toMatchObject({ decision: 'allowed' })
    await app.asAdmin({ method: 'PATCH', url, payload: { enabled: true } })
    expect(await explain(about)).toMatchObject({ decision: 'allowed' })
    expect(await explain({ ...about, version: '2.0.0' })).toMatchObject({ decision: 'denied' })
    expect((await remove({ id, name: '', priority: 0 })).statusCode).toBe(204)
    expect(await explain({ ...about, version: '2.0.0' })).toMatchObject({ decision: 'allowed' })
    expect((await app.asAdmin({ url })).json()).toMatchObject({ status: 404, code: 'MIRROR_POLICY_NOT_FOUND' })
  })

  test('the rule of an organisation counts for its mirrors only', async () => {
    const policy = await create({ name: 'for default', organization: 'default' })
    expect(policy).toMatchObject({ organization: 'default' })
    const about = { address: 'rusty/nail' }
    expect(await explain(about)).toMatchObject({ decision: 'allowed' })
    expect(await explain({ ...about, organization: 'default' })).toMatchObject({ decision: 'denied', rule: 'for default' })
    await remove(policy)
  })

  test.each([
    ['a constraint that is none', { ...DENY, version: '^1.0' }, 422, 'RULE_BROKEN'],
    ['an organisation that is not there', { ...DENY, organization: 'nobody' }, 404, 'ORGANIZATION_NOT_FOUND'],
    ['a name that is taken', { ...DENY, name: 'Everything else' }, 409, 'MIRROR_POLICY_EXISTS'],
    ['an effect that is none', { ...DENY, effect: 'maybe' }, 400, 'BAD_REQUEST'],
    ['a pattern with a slash', { ...DENY, upstream: 'registry.example.com/acme' }, 400, 'BAD_REQUEST'],
  ])('%s is refused', async (_what, payload, ...[status, code]) => {
    expect((await post(BASE, payload)).json()).toMatchObject({ status, code })
    expect(await names()).toHaveLength(2)
  })

  test('a name cannot be changed to one that is taken', async () => {
    const policy = await create({})
    const payload = { name: 'Everything else' }
    const response = await app.asAdmin({ method: 'PATCH', url: `/api/v1/admin/mirror-policies/${policy.id}`, payload })
    expect(response.json()).toMatchObject({ status: 409, code: 'MIRROR_POLICY_EXISTS' })
    await remove(policy)
  })

  test.each([
    [{ address: 'a/b/c/d' }, 'INVALID_ADDRESS'],
    [{ address: 'acme/widget', version: 'new' }, 'INVALID_VERSION'],
  ])('a test of %j says what is wrong', async (payload, code) => {
    expect(await explain(payload)).toMatchObject({ code })
  })

  test('readers look and test, and do not change', async () => {
    const reader = await addMember(app, { organization: 'default', username: 'reader', role: 'viewer' })
    const status = async (options: InjectOptions) => (await reader.request(options)).statusCode
    expect(await status({ url: BASE })).toBe(200)
    expect(await status({ method: 'POST', url: TEST, payload: { address: 'acme/widget' } })).toBe(200)
    expect(await status({ method: 'POST', url: BASE, payload: DENY })).toBe(403)
    expect((await app.request(BASE)).statusCode).toBe(401)
  })

  test('every change is in the audit with what it was and is', async () => {
    const policy = await create({ name: 'audited' })
    await app.asAdmin({ method: 'PATCH', url: `/api/v1/admin/mirror-policies/${policy.id}`, payload: { priority: 60 } })
    await remove(policy)
    const { items } = (await app.asAdmin({ url: '/api/v1/audit?limit=3' })).json<{
      items: { action: string; object: string; details: unknown }[]
    }>()
    expect(items.map(({ action, object }) => `${action} ${object}`)).toEqual([
      'mirror_policy.delete audited',
      'mirror_policy.change audited',
      'mirror_policy.create audited',
    ])
    expect(items[1]?.details).toMatchObject({ before: { priority: 50 }, after: { priority: 60 } })
  })
})
