import { newId } from '../../ids.ts'
import { belongsTo, encodeJson, primaryKey, required } from '../columns.ts'
import { type Db, dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { DEFAULT_ORGANIZATION_ID, SYSTEM_ROLE_TEMPLATES } from '../seed-rows.ts'
import { createIndex, createTable, createUniqueIndex } from './create-table.ts'
import { narrowApiKeys, widenApiKeys } from './rebuild-api-keys.ts'

async function createOrganizations(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'organizations', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('name', text, required)
      .addColumn('displayName', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('createdBy', text, required),
  )
  await createUniqueIndex(db, 'organizations', ['name'])
  await createTable(db, 'roleTemplates', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('organizationId', text, (column) => column.references('organizations.id').onDelete('cascade'))
      .addColumn('name', text, required)
      .addColumn('description', text, required)
      .addColumn('scopes', text, required)
      .addColumn('createdAt', integer, required),
  )
  await createUniqueIndex(db, 'roleTemplates', ['organizationId', 'name'])
  await createTable(db, 'organizationMembers', (table) =>
    table
      .addColumn('organizationId', text, belongsTo('organizations.id'))
      .addColumn('userId', text, belongsTo('users.id'))
      .addColumn('roleTemplateId', text, (column) => column.notNull().references('roleTemplates.id'))
      .addColumn('createdAt', integer, required),
  )
  await createUniqueIndex(db, 'organizationMembers', ['userId', 'organizationId'])
  await createIndex(db, 'organizationMembers', ['organizationId'])
  await createTable(db, 'namespaces', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('name', text, required)
      .addColumn('organizationId', text, (column) => column.notNull().references('organizations.id'))
      .addColumn('visibility', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('createdBy', text, required)
      .addColumn('deletedAt', integer),
  )
  await createUniqueIndex(db, 'namespaces', ['name'])
  await createIndex(db, 'namespaces', ['organizationId'])
}

async function createSignOn(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await db.schema.alterTable('users').addColumn('displayName', text).execute()
  await db.schema.alterTable('users').addColumn('email', text).execute()
  await db.schema.alterTable('users').addColumn('lastSignInAt', integer).execute()
  await createUniqueIndex(db, 'users', ['email'])
  await createTable(db, 'userIdentities', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('userId', text, belongsTo('users.id'))
      .addColumn('issuer', text, required)
      .addColumn('subject', text, required)
      .addColumn('email', text)
      .addColumn('createdAt', integer, required)
      .addColumn('lastSignInAt', integer, required),
  )
  await createUniqueIndex(db, 'userIdentities', ['issuer', 'subject'])
  await createIndex(db, 'userIdentities', ['userId'])
  await createTable(db, 'signOnAttempts', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('provider', text, required)
      .addColumn('nonce', text, required)
      .addColumn('codeVerifier', text, required)
      .addColumn('returnTo', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('expiresAt', integer, required)
      .addColumn('usedAt', integer),
  )
  await createIndex(db, 'signOnAttempts', ['expiresAt'])
  await createTable(db, 'loginCodes', (table) =>
    table
      .addColumn('codeHash', text, primaryKey)
      .addColumn('userId', text, belongsTo('users.id'))
      .addColumn('clientId', text, required)
      .addColumn('redirectUri', text, required)
      .addColumn('codeChallenge', text, required)
      .addColumn('scopes', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('expiresAt', integer, required)
      .addColumn('usedAt', integer)
      .addColumn('apiKeyId', text)
      .addColumn('refusal', text),
  )
  await createIndex(db, 'loginCodes', ['expiresAt'])
}

async function createTrustRules(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'trustRules', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('organizationId', text, belongsTo('organizations.id'))
      .addColumn('name', text, required)
      .addColumn('issuer', text, required)
      .addColumn('audience', text, required)
      .addColumn('claims', text, required)
      .addColumn('scopes', text, required)
      .addColumn('namespaces', text)
      .addColumn('lifeMinutes', integer, required)
      .addColumn('createdAt', integer, required)
      .addColumn('createdBy', text, required)
      .addColumn('disabledAt', integer),
  )
  await createUniqueIndex(db, 'trustRules', ['organizationId', 'name'])
  await createIndex(db, 'trustRules', ['issuer'])
  await createTable(db, 'usedIdentityTokens', (table) =>
    table.addColumn('tokenKey', text, primaryKey).addColumn('expiresAt', integer, required),
  )
  await createIndex(db, 'usedIdentityTokens', ['expiresAt'])
}

async function insertSeedRows(db: Db): Promise<void> {
  const createdAt = dialectOf(db).now
  const createdBy = 'terrace'
  await db
    .insertInto('organizations')
    .values({ id: DEFAULT_ORGANIZATION_ID, name: 'default', displayName: 'Default', createdAt, createdBy })
    .execute()
  const templates = SYSTEM_ROLE_TEMPLATES.map(({ scopes, ...template }) => ({
    ...template,
    organizationId: null,
    scopes: encodeJson(scopes),
    createdAt,
  }))
  await db.insertInto('roleTemplates').values(templates).execute()
}

/** What was published before namespaces had owners belongs to the default organisation, for everybody to read as until now. */
async function claimUsedNamespaces(db: Db): Promise<void> {
  const ofModules = await db.selectFrom('modules').select('namespaceKey as name').distinct().execute()
  const ofProviders = await db.selectFrom('providers').select('namespace as name').distinct().where('hostname', '=', '_self').execute()
  const names = new Set([...ofModules, ...ofProviders].map(({ name }) => name))
  for (const name of names) {
    await db
      .insertInto('namespaces')
      .values({
        id: newId(),
        name,
        organizationId: DEFAULT_ORGANIZATION_ID,
        visibility: 'public',
        createdAt: dialectOf(db).now,
        createdBy: 'terrace',
        deletedAt: null,
      })
      .execute()
  }
}

/** Organisations, roles, namespaces with owners, single sign-on, `terraform login`, trust in the identity of pipelines. */
export const identityMigration: Migration = {
  number: 4,
  name: 'identity',
  async up(db) {
    await createOrganizations(db)
    await createSignOn(db)
    await createTrustRules(db)
    await widenApiKeys(db)
    await insertSeedRows(db)
    await claimUsedNamespaces(db)
  },
  async down(db) {
    await narrowApiKeys(db)
    await db.schema.dropIndex('users_email').execute()
    for (const column of ['displayName', 'email', 'lastSignInAt']) await db.schema.alterTable('users').dropColumn(column).execute()
    const tables = ['usedIdentityTokens', 'trustRules', 'loginCodes', 'signOnAttempts', 'userIdentities']
    const more = ['namespaces', 'organizationMembers', 'roleTemplates', 'organizations']
    for (const table of [...tables, ...more]) await db.schema.dropTable(table).execute()
  },
}
