import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { createTestSigningKey, type TestSigningKey } from '../../testing/fake-upstream/test-signing-key.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'
import { readSigningKey } from '../verification/index.ts'
import { listCandidateKeys, trustSigningKey } from './trust-signing-key.ts'

const URL = '/api/v1/admin/signing-keys'
const SCOPE = 'registry.example.com/acme'
const widget = { hostname: 'registry.example.com', namespace: 'acme', type: 'widget' }
const gadget = { ...widget, type: 'gadget' }
const SIGNED_AT = Date.UTC(2026, 5, 1)

interface KeyAnswer {
  readonly id: string
  readonly scope: string
  readonly state: string
  readonly retired_at: string | null
}

async function add(app: TestApp, key: Pick<TestSigningKey, 'asciiArmor'>, rest: object = {}) {
  return app.asAdmin({ method: 'POST', url: URL, payload: { scope: SCOPE, ascii_armor: key.asciiArmor, ...rest } })
}

const change = (app: TestApp, what: string, payload: object = {}) => app.asAdmin({ method: 'POST', url: `${URL}/${what}`, payload })

async function trust(app: TestApp, { asciiArmor }: TestSigningKey, { provider = widget, signedAt = SIGNED_AT } = {}) {
  return trustSigningKey(app.deps, { provider, signedAt, key: await readSigningKey(asciiArmor), source: 'announced' })
}

const actionsOf = async (app: TestApp, action: string) =>
  (await app.asAdmin({ url: `/api/v1/audit?action=${action}` })).json<{ items: { object: string }[] }>().items.map(({ object }) => object)

describe.each(DIALECTS)('signing keys by administrators on %s', (dialect) => {
  test('two keys of one namespace are valid side by side, added by hand and audited', async () => {
    const app = await testApp(dialect)
    const [old, next] = await Promise.all([createTestSigningKey('old'), createTestSigningKey('next')])
    expect((await add(app, old)).json()).toMatchObject({ scope: SCOPE, type: null, state: 'trusted', source: 'administrator' })
    const answer = await add(app, next, { fingerprint: next.fingerprint.toLowerCase().replace(/(.{4})/g, '$1 ') })
    expect(answer.statusCode).toBe(201)
    await expect(trust(app, old)).resolves.toBeUndefined()
    await expect(trust(app, next)).resolves.toBeUndefined()
    expect(await actionsOf(app, 'signing_key.add')).toContain(`${SCOPE} ${next.fingerprint}`)
  })

  test.each([
    ['HTML', async () => ({ asciiArmor: '<html>Sign in</html>' }), {}, 'INVALID_SIGNING_KEY'],
    ['a revoked key', () => createTestSigningKey('gone', 'revoked'), {}, 'INVALID_SIGNING_KEY'],
    ['another key than the fingerprint says', () => createTestSigningKey('x'), { fingerprint: 'A'.repeat(40) }, 'INVALID_SIGNING_KEY'],
    ['a scope without a namespace', () => createTestSigningKey('x'), { scope: 'registry.example.com' }, 'RULE_BROKEN'],
    ['a scope with too many parts', () => createTestSigningKey('x'), { scope: `${SCOPE}/widget/1.0.0` }, 'RULE_BROKEN'],
  ] as const)('%s is not added', async (...[, make, rest, code]) => {
    const app = await testApp(dialect)
    const answer = await add(app, await make(), rest)
    expect([answer.statusCode, answer.json().code]).toEqual([422, code])
    expect((await app.asAdmin({ url: URL })).json()).toMatchObject({ total: 0 })
  })

  test('the same key is not added twice for one scope', async () => {
    const app = await testApp(dialect)
    const key = await createTestSigningKey('once')
    await add(app, key)
    expect((await add(app, key)).statusCode).toBe(409)
    expect((await add(app, key, { scope: `${SCOPE}/widget` })).statusCode).toBe(201)
  })

  // Security: a key for one provider means nothing for its sibling, and does not become the first key of the namespace.
  test('a key of one provider is refused for the provider beside it', async () => {
    const app = await testApp(dialect)
    const key = await createTestSigningKey('widget only')
    expect((await add(app, key, { scope: `${SCOPE}/Widget` })).json()).toMatchObject({ scope: `${SCOPE}/widget`, type: 'widget' })
    await expect(trust(app, key)).resolves.toBeUndefined()
    expect(await listCandidateKeys(app.deps, { provider: gadget, announced: [] })).toEqual([])
    await expect(trust(app, key, { provider: gadget })).rejects.toMatchObject({ code: 'SIGNING_KEY_CONFLICT' })
    await expect(trust(app, key)).resolves.toBeUndefined()
  })

  test('a retired key keeps what it signed before, and signs nothing new until it is accepted again', async () => {
    const app = await testApp(dialect)
    const key = await createTestSigningKey('retired')
    const { id } = (await add(app, key)).json<KeyAnswer>()
    const at = new Date(SIGNED_AT).toISOString()
    expect((await change(app, `${id}/retire`, { at })).json()).toMatchObject({ state: 'trusted', retired_at: at })
    await expect(trust(app, key, { signedAt: SIGNED_AT - 1 })).resolves.toBeUndefined()
    await expect(trust(app, key)).rejects.toMatchObject({
      code: 'SIGNING_KEY_CONFLICT',
      message: expect.stringContaining('it was retired on 2026-06-01 and the signature was made after that'),
    })
    expect((await change(app, `${id}/accept`)).json()).toMatchObject({ retired_at: null })
    await expect(trust(app, key)).resolves.toBeUndefined()
    expect(await actionsOf(app, 'signing_key.retire')).toEqual([`${SCOPE} ${key.fingerprint}`])
  })

  test('without a time a key is retired now, and only a trusted one can be', async () => {
    const app = await testApp(dialect)
    const { id } = (await add(app, await createTestSigningKey('now'))).json<KeyAnswer>()
    const { retired_at } = (await change(app, `${id}/retire`)).json<KeyAnswer>()
    expect(Math.abs(Date.parse(retired_at ?? '') - app.deps.clock.now())).toBeLessThan(60_000)
    await change(app, `${id}/reject`)
    expect((await change(app, `${id}/retire`)).statusCode).toBe(409)
  })

  test('a key that signed nothing can be forgotten, which is audited', async () => {
    const app = await testApp(dialect)
    const key = await createTestSigningKey('forgotten')
    const { id } = (await add(app, key)).json<KeyAnswer>()
    expect((await app.asAdmin({ method: 'DELETE', url: `${URL}/${id}` })).statusCode).toBe(204)
    expect((await app.asAdmin({ method: 'DELETE', url: `${URL}/${id}` })).statusCode).toBe(404)
    expect(await actionsOf(app, 'signing_key.delete')).toContain(`${SCOPE} ${key.fingerprint}`)
  })

  test('the list tells when a key ends', async () => {
    const app = await testApp(dialect)
    await add(app, await createTestSigningKey('ended', 'expired'))
    await add(app, await createTestSigningKey('for ever'))
    const { items } = (await app.asAdmin({ url: URL })).json()
    expect(items).toMatchObject([
      { expires_at: null, expires_soon: false },
      { expires_at: '2020-12-31T00:00:00.000Z', expires_soon: true },
    ])
  })
})
