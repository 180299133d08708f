import { describe, expect, test } from 'vitest'
import { DEFAULT_ORGANIZATION_ID } from '../../base/database/seed-rows.ts'
import { runChecks } from '../../commands/doctor-checks.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'
import { findOrphanPrivileges, reportOrphanPrivileges } from './index.ts'

const HOUR_MS = 3_600_000

/** A user with a role, a session and a key; answers the id. */
async function addPerson({ deps, asAdmin, request }: TestApp, username: string): Promise<string> {
  const password = 'correct horse battery'
  const payload = { username, password, organization: 'default', role: 'viewer' }
  const created = await asAdmin({ method: 'POST', url: '/api/v1/users', payload })
  expect(created.statusCode, created.body).toBe(201)
  const { token } = (await request({ method: 'POST', url: '/api/v1/auth/login', payload: { username, password } })).json<{
    token: string
  }>()
  const headers = { authorization: `Bearer ${token}` }
  const key = { name: 'own', scopes: ['modules:read'] }
  expect((await request({ method: 'POST', url: '/api/v1/apikeys', headers, payload: key })).statusCode).toBe(201)
  const row = await deps.database.db.selectFrom('users').select('id').where('username', '=', username).executeTakeFirstOrThrow()
  return row.id
}

const find = ({ deps }: TestApp) => findOrphanPrivileges(deps.database.db, deps.clock.now())
const reports = ({ deps }: TestApp) =>
  deps.database.db.selectFrom('auditLogs').select('details').where('action', '=', 'privilege.orphans').orderBy('id').execute()

// reliability.md row 27.
describe.each(DIALECTS)('orphan privileges on %s', (dialect) => {
  test('there are none in a registry with people at work', async () => {
    const app = await testApp(dialect)
    await addPerson(app, 'mia')
    expect(await find(app)).toEqual({ live: [], dormant: [] })
    expect(await reportOrphanPrivileges(app.deps)).toBe(false)
    expect(await reports(app)).toEqual([])
  })

  test('disabling somebody leaves what comes back with them, and nothing that counts', async () => {
    const app = await testApp(dialect)
    const id = await addPerson(app, 'mia')
    await app.asAdmin({ method: 'PATCH', url: `/api/v1/users/${id}`, payload: { disabled: true } })
    const { live, dormant } = await find(app)
    expect(live).toEqual([])
    expect(dormant).toMatchObject([
      { kind: 'key of a disabled user', count: 1, examples: [expect.stringMatching(/^mia: /)] },
      { kind: 'role of a disabled user', count: 1, examples: ['mia in default'] },
    ])
  })

  test('what only a change of the database can leave is found', async () => {
    const app = await testApp(dialect, { TFR_MIRROR_SEALED: 'true' })
    const { db } = app.deps.database
    const now = app.deps.clock.now()
    const id = await addPerson(app, 'mia')
    await db.updateTable('users').set({ disabledAt: now }).where('id', '=', id).execute()
    const code = { userId: id, clientId: 'terraform-cli', redirectUri: 'http://localhost:10000/', codeChallenge: 'x', scopes: '[]' }
    const times = { createdAt: now, expiresAt: now + HOUR_MS, usedAt: null, apiKeyId: null }
    await db
      .insertInto('loginCodes')
      .values({ codeHash: 'hash', ...code, ...times })
      .execute()
    const rule = {
      id: 'rule',
      name: 'release',
      issuer: 'https://id.example.com',
      audience: 'a',
      claims: '{}',
      scopes: '[]',
      namespaces: null,
    }
    const ruleTimes = { lifeMinutes: 15, createdAt: now, createdBy: 'ada', disabledAt: now }
    await db
      .insertInto('trustRules')
      .values({ ...rule, organizationId: DEFAULT_ORGANIZATION_ID, ...ruleTimes })
      .execute()
    const key = {
      id: 'key',
      userId: null,
      name: 'release: main',
      prefix: 'tfr_123456',
      keyHash: 'h',
      scopes: '[]',
      kind: 'ci',
      trustRuleId: 'rule',
    }
    const ends = { createdAt: now, expiresAt: now + HOUR_MS, revokedAt: null, organizationId: null, namespaces: null, lastUsedAt: null }
    await db
      .insertInto('apiKeys')
      .values({ ...key, ...ends, expiryNotificationSentAt: null })
      .execute()
    await db
      .insertInto('organizations')
      .values({ id: 'other', name: 'other', displayName: 'other', createdAt: now, createdBy: 'ada' })
      .execute()
    await db
      .insertInto('roleTemplates')
      .values({ id: 'role', organizationId: 'other', name: 'boss', description: '', scopes: '["admin"]', createdAt: now })
      .execute()
    await db.updateTable('organizationMembers').set({ roleTemplateId: 'role' }).where('userId', '=', id).execute()
    expect((await find(app)).live).toEqual([
      { kind: 'session of a disabled user', count: 1, examples: ['mia'] },
      { kind: 'login code of a disabled user', count: 1, examples: ['mia'] },
      { kind: 'key of a disabled trust rule', count: 1, examples: ['release: main'] },
      { kind: 'role of another organisation', count: 1, examples: ['mia in default: boss'] },
    ])
    const check = (await runChecks(app.deps, [])).find(({ name }) => name === 'privileges')
    expect(check).toMatchObject({ state: 'warning', text: expect.stringContaining('1 × session of a disabled user (mia)') })
  })

  test('a key for an organisation that its owner has left is found', async () => {
    const app = await testApp(dialect)
    const id = await addPerson(app, 'mia')
    const { db } = app.deps.database
    await db.updateTable('apiKeys').set({ organizationId: DEFAULT_ORGANIZATION_ID }).where('userId', '=', id).execute()
    expect(await find(app)).toEqual({ live: [], dormant: [] })
    await db.deleteFrom('organizationMembers').where('userId', '=', id).execute()
    expect((await find(app)).dormant).toMatchObject([{ kind: 'key for an organisation that its owner has left', count: 1 }])
  })

  test('are reported when they change, and once more when they are gone', async () => {
    const app = await testApp(dialect)
    const id = await addPerson(app, 'mia')
    const disable = (disabled: boolean) => app.asAdmin({ method: 'PATCH', url: `/api/v1/users/${id}`, payload: { disabled } })
    await disable(true)
    expect([await reportOrphanPrivileges(app.deps), await reportOrphanPrivileges(app.deps)]).toEqual([true, false])
    await disable(false)
    expect([await reportOrphanPrivileges(app.deps), await reportOrphanPrivileges(app.deps)]).toEqual([true, false])
    const rows = await reports(app)
    expect(rows.map(({ details }) => JSON.parse(details ?? '{}').dormant.length)).toEqual([2, 0])
  })
})
