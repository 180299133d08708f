import { describe, expect, test } from 'vitest'
import { encodeJson } from '../../../base/database/columns.ts'
import { newId } from '../../../base/ids.ts'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { openTestAccounts } from '../../../testing/test-accounts.ts'

const URL = '/api/v1/apikeys'
const create = (payload: object) => ({ method: 'POST', url: URL, payload: { name: 'ci', scopes: ['modules:read'], ...payload } }) as const

interface Created {
  readonly id: string
  readonly key: string
}

/** Two organisations: `mia` publishes in both, `ada` manages the users of `acme`. */
async function openTenants(dialect: Dialect) {
  const accounts = await openTestAccounts(dialect, { multiTenant: true })
  const { db } = accounts.database
  const createdAt = accounts.clock.now()
  const addOrganization = async (name: string) => {
    const id = newId()
    await db.insertInto('organizations').values({ id, name, displayName: name, createdAt, createdBy: 'test' }).execute()
    return id
  }
  const [acme, other] = [await addOrganization('acme'), await addOrganization('other')]
  const join = async (userId: string, organizationId: string, scopes: readonly string[]) => {
    const roleTemplateId = newId()
    const template = { id: roleTemplateId, organizationId, name: roleTemplateId, description: '', scopes: encodeJson(scopes), createdAt }
    await db.insertInto('roleTemplates').values(template).execute()
    await db.insertInto('organizationMembers').values({ organizationId, userId, roleTemplateId, createdAt }).execute()
  }
  const mia = await accounts.addUser('mia', [])
  await join(mia, acme, ['modules:write'])
  await join(mia, other, ['modules:read'])
  await join(await accounts.addUser('ada', []), acme, ['users:manage'])
  return { ...accounts, acme, other, mia: await accounts.signIn('mia'), ada: await accounts.signIn('ada') }
}

describe.each(DIALECTS)('API keys of organisations on %s', (dialect) => {
  test('a key of an organisation counts there only, by id or by name', async () => {
    const { as, mia, acme } = await openTenants(dialect)
    for (const organization of [acme, 'Acme']) {
      const created = (await as(mia, create({ organization, scopes: ['modules:write'] }))).json<Created>()
      expect(created).toMatchObject({ organization: { id: acme, name: 'acme' } })
      const actor = (await as(created.key, { url: '/v1/probe' })).json()
      expect(actor).toMatchObject({ scopes: [], grants: [{ organizationId: acme, scopes: ['modules:read', 'modules:write'] }] })
    }
  })

  test('a scope must be held in the organisation of the key', async () => {
    const { as, mia } = await openTenants(dialect)
    const response = await as(mia, create({ organization: 'other', scopes: ['modules:write'] }))
    expect(response.json()).toMatchObject({ status: 403, code: 'SCOPE_MISSING', context: { scopes: ['modules:write'] } })
  })

  test('an organisation without the caller looks like none', async () => {
    const { as, ada } = await openTenants(dialect)
    const headers = { 'x-request-id': 'same' }
    const foreign = await as(ada, { ...create({ organization: 'other' }), headers })
    const unknown = await as(ada, { ...create({ organization: 'nobody' }), headers })
    expect([foreign.statusCode, foreign.body.replaceAll('other', 'nobody')]).toEqual([404, unknown.body])
  })

  test('whoever manages the users of an organisation sees and revokes its keys, and no others', async () => {
    const { as, mia, ada } = await openTenants(dialect)
    const inAcme = (await as(mia, create({ organization: 'acme' }))).json<Created>()
    const inOther = (await as(mia, create({ organization: 'other' }))).json<Created>()
    const everywhere = (await as(mia, create({}))).json<Created>()
    expect((await as(ada, { url: `${URL}?all=true` })).json()).toMatchObject({ total: 1, items: [{ id: inAcme.id }] })
    const revoke = async ({ id }: Created) => (await as(ada, { method: 'DELETE', url: `/api/v1/apikeys/${id}` })).statusCode
    expect([await revoke(inOther), await revoke(everywhere), await revoke(inAcme)]).toEqual([404, 404, 204])
    expect((await as(mia, { url: `${URL}?all=true` })).statusCode).toBe(403)
  })

  test('with one tenant a key is for no other organisation', async () => {
    const accounts = await openTestAccounts(dialect)
    await accounts.addUser('boss', ['admin'])
    const boss = await accounts.signIn('boss')
    const organization = { id: newId(), name: 'acme', displayName: 'Acme', createdAt: 1, createdBy: 'test' }
    await accounts.database.db.insertInto('organizations').values(organization).execute()
    expect((await accounts.as(boss, create({ organization: 'acme' }))).json()).toMatchObject({ status: 422, code: 'RULE_BROKEN' })
    expect((await accounts.as(boss, create({ organization: 'default' }))).statusCode).toBe(201)
  })
})
