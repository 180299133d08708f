import { generateKey } from 'openpgp'
import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { type TestApp, testApp } from '../../../testing/test-app.ts'
import { testClock } from '../../../testing/test-edge.ts'
import { describeExpiringKeys, warnAboutSigningKeys } from './warn-about-signing-keys.ts'

const DAY_MS = 24 * 3_600_000
const START = Date.UTC(2026, 0, 1)
const SCOPE = 'registry.example.com/acme'

async function addKey(app: TestApp, days: number): Promise<string> {
  const options = { date: new Date(START), keyExpirationTime: days * 86_400, format: 'object' } as const
  const { publicKey } = await generateKey({ type: 'ecc', userIDs: [{ name: 'acme' }], ...options })
  const payload = { scope: SCOPE, ascii_armor: publicKey.armor() }
  const answer = await app.asAdmin({ method: 'POST', url: '/api/v1/admin/signing-keys', payload })
  expect(answer.statusCode).toBe(201)
  return answer.json<{ id: string }>().id
}

const messagesOf = async ({ deps }: TestApp) =>
  (await deps.database.db.selectFrom('notifications').select(['kind', 'message']).orderBy('id').execute()).map((row) => row.message)

describe.each(DIALECTS)('the ends of signing keys on %s', (dialect) => {
  async function open() {
    const clock = testClock(START)
    return { app: await testApp(dialect, {}, { clock }), clock }
  }

  test('administrators hear of an end 60 days before, once, also after they have read it', async () => {
    const { app, clock } = await open()
    await addKey(app, 100)
    await addKey(app, 0)
    clock.advance(39 * DAY_MS)
    expect(await warnAboutSigningKeys(app.deps)).toBe(0)
    clock.advance(DAY_MS)
    expect(await warnAboutSigningKeys(app.deps)).toBe(1)
    expect(await messagesOf(app)).toEqual([expect.stringMatching(/^Signing key "[0-9A-F]{40}" of ".*acme" expires on 2026-04-11$/)])
    await app.deps.database.db.updateTable('notifications').set({ readAt: clock.now(), readBy: 'admin' }).execute()
    clock.advance(DAY_MS)
    expect(await warnAboutSigningKeys(app.deps)).toBe(0)
    expect(await messagesOf(app)).toHaveLength(1)
  })

  test('two processes tell of it once', async () => {
    const { app, clock } = await open()
    const beside = await testApp(dialect, {}, { clock, beside: app })
    await addKey(app, 10)
    const told = await Promise.all([warnAboutSigningKeys(app.deps), warnAboutSigningKeys(beside.deps)])
    expect(told.toSorted()).toEqual([0, 1])
  })

  test('keys that are retired or rejected end in silence', async () => {
    const { app } = await open()
    await app.asAdmin({ method: 'POST', url: `/api/v1/admin/signing-keys/${await addKey(app, 10)}/retire`, payload: {} })
    await app.asAdmin({ method: 'POST', url: `/api/v1/admin/signing-keys/${await addKey(app, 10)}/reject` })
    expect(await warnAboutSigningKeys(app.deps)).toBe(0)
  })

  test('a key that was recorded before its end was is examined first', async () => {
    const { app } = await open()
    const id = await addKey(app, 10)
    await app.deps.database.db.updateTable('signingKeys').set({ expiresAt: null, examinedAt: null }).where('id', '=', id).execute()
    expect(await warnAboutSigningKeys(app.deps)).toBe(1)
    expect(await describeExpiringKeys(app.deps)).toEqual([
      expect.stringMatching(/^registry.example.com\/acme [0-9A-F]{40} \(2026-01-11\)$/),
    ])
  })

  test('one that has ended already is told of as such', async () => {
    const { app, clock } = await open()
    await addKey(app, 10)
    clock.advance(20 * DAY_MS)
    await warnAboutSigningKeys(app.deps)
    expect(await messagesOf(app)).toEqual([expect.stringContaining('has expired on 2026-01-11')])
  })
})
