import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../base/ids.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { startTestIdentityProvider, type TestIdentityProvider } from '../../testing/identity-provider/test-identity-provider.ts'
import {
  auditOf,
  openSignOnApp,
  redirectUriOf,
  sessionCookieOf,
  signOn,
  TEST_CLIENT,
} from '../../testing/identity-provider/test-sign-on.ts'
import type { OpenTestApp } from '../../testing/test-app.ts'

const GROUP_ROLES = [
  { group: 'platform', organization: 'Default', role: 'publisher' },
  { group: 'everybody', organization: 'default', role: 'viewer' },
  { group: 'owners', organization: 'default', role: 'admin' },
  { group: 'ghosts', organization: 'nowhere', role: 'viewer' },
]

const person = (name: string, more: object = {}) => ({
  email: `${name}@acme.com`,
  email_verified: true,
  name: `${name} of Acme`,
  preferred_username: name,
  ...more,
})

describe.each(DIALECTS)('single sign-on on %s', (dialect) => {
  let provider: TestIdentityProvider
  let other: TestIdentityProvider
  let app: OpenTestApp

  beforeAll(async () => {
    provider = await startTestIdentityProvider({ ...TEST_CLIENT, redirectUri: redirectUriOf('acme') })
    other = await startTestIdentityProvider({ ...TEST_CLIENT, redirectUri: redirectUriOf('other') })
    const groups = { groups_claim: 'groups', scopes: ['openid', 'profile', 'email', 'groups'], group_roles: GROUP_ROLES }
    app = await openSignOnApp(dialect, [
      { name: 'acme', title: 'Acme', issuer: provider.issuer, allowed_email_domains: ['acme.com'], ...groups },
      { name: 'other', issuer: other.issuer, link_by_email: true, create_users: false },
    ])
  })

  afterAll(async () => {
    await app.close()
    await Promise.all([provider.close(), other.close()])
  })

  const userOf = (username: string) =>
    app.deps.database.db.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst()
  const rolesOf = async (username: string) => {
    const rows = await app.deps.database.db
      .selectFrom('organizationMembers as member')
      .innerJoin('users', 'users.id', 'member.userId')
      .innerJoin('organizations', 'organizations.id', 'member.organizationId')
      .innerJoin('roleTemplates', 'roleTemplates.id', 'member.roleTemplateId')
      .select(['organizations.name as organization', 'roleTemplates.name as role'])
      .where('users.username', '=', username)
      .execute()
    return rows.map(({ organization, role }) => `${organization}/${role}`)
  }

  test('somebody signs in, becomes a user without a password, and has a session in a cookie', async () => {
    provider.people.set('s-mia', person('mia'))
    const response = await signOn(app, 'acme', 's-mia')
    expect([response.statusCode, response.headers.location, response.body]).toEqual([303, '/after', ''])
    const cookie = [response.headers['set-cookie'] ?? []].flat().find((text) => text.includes('terrace_session'))
    expect(cookie).toMatch(/^__Host-terrace_session=.*; Path=\/; .*HttpOnly; SameSite=Lax; Secure$/)
    const me = await app.request({ url: '/api/v1/auth/me', headers: { cookie: sessionCookieOf(response) } })
    expect(me.json()).toMatchObject({ kind: 'session', name: 'mia' })
    expect(await userOf('mia')).toMatchObject({ passwordHash: null, email: 'mia@acme.com', displayName: 'mia of Acme', scopes: '[]' })
    expect((await auditOf(app)).slice(0, 2)).toEqual(['session.create allowed mia', 'user.create allowed mia'])
  })

  test('the second sign-in finds the same user, also under another name and address', async () => {
    provider.people.set('s-ann', person('ann'))
    await signOn(app, 'acme', 's-ann')
    const before = await userOf('ann')
    provider.people.set('s-ann', person('anna', { name: 'Anna' }))
    expect((await signOn(app, 'acme', 's-ann')).statusCode).toBe(303)
    expect(await userOf('ann')).toMatchObject({ id: before?.id, displayName: 'Anna', email: 'anna@acme.com' })
    expect(await userOf('anna')).toBeUndefined()
  })

  test('a taken user name gets a number instead of the user', async () => {
    provider.people.set('s-admin', person('admin'))
    await signOn(app, 'acme', 's-admin')
    expect(await userOf('admin-2')).toMatchObject({ email: 'admin@acme.com', scopes: '[]' })
  })

  test('two tabs of somebody new make one user', async () => {
    provider.people.set('s-tab', person('tab'))
    const responses = await Promise.all([signOn(app, 'acme', 's-tab'), signOn(app, 'acme', 's-tab')])
    expect(responses.map(({ statusCode }) => statusCode)).toEqual([303, 303])
    expect(await userOf('tab-2')).toBeUndefined()
  })

  // reliability.md row 27: zot CVE-2025-23208.
  test('groups give roles, change them and take them away at the next sign-in', async () => {
    provider.people.set('s-pia', person('pia', { groups: ['everybody', 'platform', 'ghosts'] }))
    const first = await signOn(app, 'acme', 's-pia')
    expect(await rolesOf('pia')).toEqual(['default/publisher'])
    const me = await app.request({ url: '/api/v1/auth/me', headers: { cookie: sessionCookieOf(first) } })
    expect(me.json<{ scopes: string[] }>().scopes).toContain('modules:write')

    provider.people.set('s-pia', person('pia', { groups: ['everybody'] }))
    await signOn(app, 'acme', 's-pia')
    expect(await rolesOf('pia')).toEqual(['default/viewer'])

    provider.people.set('s-pia', person('pia'))
    await signOn(app, 'acme', 's-pia')
    expect(await rolesOf('pia')).toEqual([])
    const actions = (await auditOf(app)).filter((line) => line.startsWith('organization_member'))
    expect(actions.slice(0, 3)).toEqual([
      'organization_member.remove allowed default pia',
      'organization_member.update allowed default pia',
      'organization_member.add allowed Default pia',
    ])
  })

  test('the last administrator keeps the role until there is another one', async () => {
    const { db } = app.deps.database
    provider.people.set('s-ada', person('ada', { groups: ['owners'] }))
    await signOn(app, 'acme', 's-ada')
    await db.updateTable('users').set({ disabledAt: 1 }).where('scopes', 'like', '%admin%').execute()

    provider.people.set('s-ada', person('ada', { groups: ['everybody'] }))
    await signOn(app, 'acme', 's-ada')
    expect(await rolesOf('ada')).toEqual(['default/admin'])
    provider.people.set('s-ada', person('ada'))
    await signOn(app, 'acme', 's-ada')
    expect(await rolesOf('ada')).toEqual(['default/admin'])

    await db.updateTable('users').set({ disabledAt: null }).where('scopes', 'like', '%admin%').execute()
    await signOn(app, 'acme', 's-ada')
    expect(await rolesOf('ada')).toEqual([])
  })

  test('a role that was given by hand stays', async () => {
    provider.people.set('s-hal', person('hal', { groups: ['everybody'] }))
    await signOn(app, 'acme', 's-hal')
    const { db } = app.deps.database
    const admin = await db.selectFrom('roleTemplates').select('id').where('name', '=', 'admin').executeTakeFirstOrThrow()
    const user = await userOf('hal')
    await db
      .updateTable('organizationMembers')
      .set({ roleTemplateId: admin.id, grantedBy: null })
      .where('userId', '=', user?.id ?? '')
      .execute()
    provider.people.set('s-hal', person('hal'))
    await signOn(app, 'acme', 's-hal')
    expect(await rolesOf('hal')).toEqual(['default/admin'])
  })

  // reliability.md row 23: Gitea CVE-2026-58422.
  test('a disabled user stays disabled', async () => {
    provider.people.set('s-dan', person('dan'))
    await signOn(app, 'acme', 's-dan')
    await app.deps.database.db.updateTable('users').set({ disabledAt: 1 }).where('username', '=', 'dan').execute()
    const response = await signOn(app, 'acme', 's-dan')
    expect([response.statusCode, sessionCookieOf(response)]).toEqual([403, ''])
    expect(response.body).toContain('the user is disabled')
    expect(await userOf('dan')).toMatchObject({ disabledAt: 1 })
    expect((await auditOf(app))[0]).toBe('session.create denied acme disabled')
  })

  test.each([
    ['an unverified e-mail address', { email: 'eve@acme.com', email_verified: false }, 'does not vouch'],
    ['no e-mail address', { email_verified: true }, 'does not vouch'],
    ['an address of another domain', { email: 'eve@evil-acme.com', email_verified: true }, 'domain of the e-mail address'],
    ['two addresses in one', { email: 'eve@evil.com@acme.com', email_verified: true }, 'does not vouch'],
    ['the address of another user', { email: 'taken@acme.com', email_verified: true }, 'another user has'],
  ])('%s is refused', async (name, claims, text) => {
    const taken = {
      id: newId(),
      username: newId(),
      passwordHash: null,
      scopes: '["admin"]',
      email: 'taken@acme.com',
      createdAt: 1,
      disabledAt: null,
    }
    await app.deps.database.db
      .insertInto('users')
      .values(taken)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    provider.people.set(`s-eve ${name}`, { preferred_username: 'eve', ...claims })
    const response = await signOn(app, 'acme', `s-eve ${name}`)
    expect(response.statusCode).toBe(403)
    expect(response.body).toContain(text)
    expect(await userOf('eve')).toBeUndefined()
  })

  test('somebody new is refused where signing in makes no users', async () => {
    other.people.set('stranger', person('stranger'))
    const response = await signOn(app, 'other', 'stranger')
    expect(response.statusCode).toBe(403)
    expect(response.body).toContain('there is no user for this account')
  })

  // Whoever may manage users could else make an account ready and wait for its owner to bring it rights.
  test('linking ends every other way into the account', async () => {
    const { db } = app.deps.database
    const userId = newId()
    const row = { id: userId, username: 'ron', email: 'ron@acme.com', passwordHash: 'x', scopes: '[]', createdAt: 1 }
    await db.insertInto('users').values(row).execute()
    const key = { id: newId(), userId, name: 'old', prefix: 'tfr_', keyHash: 'of ron', scopes: '[]', createdAt: 1 }
    await db.insertInto('apiKeys').values(key).execute()
    other.people.set('o-ron', { email: 'ron@acme.com', email_verified: true })
    expect((await signOn(app, 'other', 'o-ron')).statusCode).toBe(303)
    expect(await userOf('ron')).toMatchObject({ id: userId, passwordHash: null })
    const left = await db.selectFrom('apiKeys').select('id').where('userId', '=', userId).where('revokedAt', 'is', null).execute()
    expect(left).toEqual([])
  })

  test('an address that the issuer vouches for leads to its user where that is allowed', async () => {
    provider.people.set('s-lea', person('lea'))
    await signOn(app, 'acme', 's-lea')
    other.people.set('o-lea', { email: 'Lea@Acme.com', email_verified: true })
    const response = await signOn(app, 'other', 'o-lea')
    const me = await app.request({ url: '/api/v1/auth/me', headers: { cookie: sessionCookieOf(response) } })
    expect(me.json()).toMatchObject({ name: 'lea' })
    expect((await auditOf(app)).slice(0, 2)).toEqual(['session.create allowed lea', 'user_identity.link allowed lea'])
    other.people.set('x-lea', { email: 'lea@acme.com', email_verified: false })
    expect((await signOn(app, 'other', 'x-lea')).statusCode).toBe(403)
  })

  // reliability.md row 23: PyPI TOB-PYPI26-12.
  test('the same subject of another issuer is somebody else', async () => {
    provider.people.set('same', person('sam'))
    await signOn(app, 'acme', 'same')
    other.people.set('same', { email: 'unknown@acme.com', email_verified: true })
    expect((await signOn(app, 'other', 'same')).statusCode).toBe(403)
  })

  test('the ways to sign in are listed', async () => {
    expect((await app.request('/api/v1/auth/methods')).json()).toMatchObject({
      single_sign_on: [
        { name: 'acme', title: 'Acme', url: '/api/v1/auth/sso/acme/start' },
        { name: 'other', title: 'other', url: '/api/v1/auth/sso/other/start' },
      ],
    })
  })
})
