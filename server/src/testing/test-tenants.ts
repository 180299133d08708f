import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { encodeJson } from '../base/database/columns.ts'
import { SYSTEM_ROLE_TEMPLATES } from '../base/database/seed-rows.ts'
import { newId } from '../base/ids.ts'
import { createApiKeySecret, displayPrefix, hashApiKey } from '../features/accounts/api-keys/api-key-secrets.ts'
import type { TestApp } from './test-app.ts'

/** Somebody with a key, as a test talks to the server. */
export interface TestMember {
  readonly userId: string
  readonly organizationId: string
  /** The secret of the key. */
  readonly key: string
  /** One request with the key. */
  request(options: InjectOptions): Promise<LightMyRequestResponse>
}

export interface TestMembership {
  /** Name of the organisation; made when it is new. */
  readonly organization: string
  readonly username: string
  /** Name of a system template. */
  readonly role: string
  /** The only namespaces that the key may change. */
  readonly namespaces?: readonly string[]
}

/** A person with a role in an organisation and a key for everything they may do. */
export async function addMember(app: TestApp, membership: TestMembership): Promise<TestMember> {
  const { db } = app.deps.database
  const createdAt = app.deps.clock.now()
  const { organization, username, role, namespaces } = membership
  const organizationId = await ensureOrganization(app, organization)
  const template = SYSTEM_ROLE_TEMPLATES.find(({ name }) => name === role)
  if (template === undefined) throw new Error(`There is no system template ${role}`)
  const userId = newId()
  await db.insertInto('users').values({ id: userId, username, scopes: '[]', createdAt }).execute()
  await db.insertInto('organizationMembers').values({ organizationId, userId, roleTemplateId: template.id, createdAt }).execute()
  const key = createApiKeySecret()
  await db
    .insertInto('apiKeys')
    .values({
      id: newId(),
      userId,
      name: 'test',
      prefix: displayPrefix(key),
      keyHash: hashApiKey(key, app.deps.secrets.apiKeyKey),
      scopes: encodeJson(['admin']),
      createdAt,
      namespaces: namespaces === undefined ? null : encodeJson(namespaces),
    })
    .execute()
  const request = (options: InjectOptions) => app.request({ ...options, headers: { ...options.headers, authorization: `Bearer ${key}` } })
  return { userId, organizationId, key, request }
}

async function ensureOrganization(app: TestApp, name: string): Promise<string> {
  const { db } = app.deps.database
  const found = await db.selectFrom('organizations').select('id').where('name', '=', name).executeTakeFirst()
  if (found !== undefined) return found.id
  const row = { id: newId(), name, displayName: name, createdAt: app.deps.clock.now(), createdBy: 'test' }
  await db.insertInto('organizations').values(row).execute()
  return row.id
}
