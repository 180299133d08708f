import { sql } from 'kysely'
import { belongsTo, primaryKey, required } from '../columns.ts'
import { type Db, dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'
import { createIndex, createTable, createUniqueIndex } from './create-table.ts'

async function createSettings(db: Db): Promise<void> {
  const { columnTypes, now } = dialectOf(db)
  const { text, integer } = columnTypes
  await createTable(db, 'systemSettings', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('createdAt', integer, required)
      .addColumn('encryptionKeyCheck', text)
      .addColumn('setupTokenHash', text)
      .addColumn('setupTokenExpiresAt', integer)
      .addColumn('catalogRevision', integer, (column) => column.notNull().defaultTo(0)),
  )
  await sql`insert into system_settings (id, created_at) values ('system', ${now})`.execute(db)
}

async function createAccounts(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'users', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('username', text, required)
      .addColumn('passwordHash', text)
      .addColumn('scopes', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('disabledAt', integer),
  )
  await createUniqueIndex(db, 'users', ['username'])
  await createTable(db, 'sessions', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('userId', text, belongsTo('users.id'))
      .addColumn('createdAt', integer, required)
      .addColumn('expiresAt', integer, required)
      .addColumn('revokedAt', integer)
      .addColumn('ip', text, required)
      .addColumn('userAgent', text, required),
  )
  await createIndex(db, 'sessions', ['userId'])
  await createIndex(db, 'sessions', ['expiresAt'])
  await createTable(db, 'apiKeys', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('userId', text, belongsTo('users.id'))
      .addColumn('name', text, required)
      .addColumn('prefix', text, required)
      .addColumn('keyHash', text, required)
      .addColumn('scopes', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('expiresAt', integer)
      .addColumn('revokedAt', integer),
  )
  await createIndex(db, 'apiKeys', ['userId'])
  await createUniqueIndex(db, 'apiKeys', ['keyHash'])
}

/** No foreign key: a row outlives the person it names (requirements.md C49). */
async function createAudit(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'auditLogs', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('at', integer, required)
      .addColumn('actorId', text)
      .addColumn('actorName', text, required)
      .addColumn('action', text, required)
      .addColumn('object', text, required)
      .addColumn('outcome', text, required)
      .addColumn('ip', text)
      .addColumn('requestId', text)
      .addColumn('details', text, required),
  )
  await createIndex(db, 'auditLogs', ['at', 'id'])
  await createIndex(db, 'auditLogs', ['actorId', 'at'])
}

async function createProviders(db: Db): Promise<void> {
  const { text, integer, bytes } = dialectOf(db).columnTypes
  await createTable(db, 'providers', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('hostname', text, required)
      .addColumn('namespace', text, required)
      .addColumn('type', text, required)
      .addColumn('sourceUrl', text)
      .addColumn('createdAt', integer, required),
  )
  await createUniqueIndex(db, 'providers', ['hostname', 'namespace', 'type'])
  await createTable(db, 'providerVersions', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('providerId', text, belongsTo('providers.id'))
      .addColumn('version', text, required)
      .addColumn('protocols', text, required)
      .addColumn('origin', text, required)
      .addColumn('shasums', bytes, required)
      .addColumn('shasumsSignature', bytes, required)
      .addColumn('signingKeyFingerprint', text, required)
      .addColumn('signedBy', text, required)
      .addColumn('verificationWarning', text)
      .addColumn('createdAt', integer, required)
      .addColumn('createdBy', text, required)
      .addColumn('deprecatedAt', integer)
      .addColumn('deprecationMessage', text)
      .addColumn('blockedAt', integer)
      .addColumn('blockedReason', text)
      .addColumn('deletedAt', integer),
  )
  await createUniqueIndex(db, 'providerVersions', ['providerId', 'version'])
  await createPlatforms(db)
}

async function createPlatforms(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'providerPlatforms', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('versionId', text, belongsTo('providerVersions.id'))
      .addColumn('os', text, required)
      .addColumn('arch', text, required)
      .addColumn('filename', text, required)
      .addColumn('size', integer, required)
      .addColumn('h1', text, required)
      .addColumn('zh', text, required)
      .addColumn('storageBackend', text, required)
      .addColumn('storageKey', text, required)
      .addColumn('upstreamUrl', text)
      .addColumn('verifiedAt', integer, required)
      .addColumn('createdAt', integer, required)
      .addColumn('createdBy', text, required)
      .addColumn('blockedAt', integer)
      .addColumn('blockedReason', text)
      .addColumn('damagedAt', integer)
      .addColumn('deletedAt', integer),
  )
  await createUniqueIndex(db, 'providerPlatforms', ['versionId', 'os', 'arch'])
  // The digest of an object is looked up by its key; two rows must never name the same object.
  await createUniqueIndex(db, 'providerPlatforms', ['storageKey', 'storageBackend'])
}

async function createTrust(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'signingKeys', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('hostname', text, required)
      .addColumn('namespace', text, required)
      .addColumn('fingerprint', text, required)
      .addColumn('keyId', text, required)
      .addColumn('userId', text, required)
      .addColumn('asciiArmor', text, required)
      .addColumn('source', text, required)
      .addColumn('state', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('decidedAt', integer)
      .addColumn('decidedBy', text),
  )
  await createUniqueIndex(db, 'signingKeys', ['hostname', 'namespace', 'fingerprint'])
  await createTable(db, 'registrySigningKeys', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('fingerprint', text, required)
      .addColumn('keyId', text, required)
      .addColumn('asciiArmor', text, required)
      .addColumn('sealedPrivateKey', text, required)
      .addColumn('createdAt', integer, required),
  )
}

async function createIntake(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'quarantinedPackages', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('hostname', text, required)
      .addColumn('namespace', text, required)
      .addColumn('type', text, required)
      .addColumn('version', text, required)
      .addColumn('os', text, required)
      .addColumn('arch', text, required)
      .addColumn('step', text, required)
      .addColumn('code', text, required)
      .addColumn('message', text, required)
      .addColumn('evidence', text, required)
      .addColumn('upstreamUrl', text)
      .addColumn('createdAt', integer, required),
  )
  await createUniqueIndex(db, 'quarantinedPackages', ['hostname', 'namespace', 'type', 'version', 'os', 'arch'])
  await createTable(db, 'objectClaims', (table) =>
    table.addColumn('key', text, primaryKey).addColumn('token', text, required).addColumn('expiresAt', integer, required),
  )
  await createIndex(db, 'objectClaims', ['expiresAt'])
}

async function createJobs(db: Db): Promise<void> {
  const { text, integer } = dialectOf(db).columnTypes
  await createTable(db, 'downloadJobs', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('kind', text, required)
      .addColumn('title', text, required)
      .addColumn('state', text, required)
      .addColumn('createdBy', text, required)
      .addColumn('createdAt', integer, required)
      .addColumn('startedAt', integer)
      .addColumn('finishedAt', integer),
  )
  await createIndex(db, 'downloadJobs', ['createdAt', 'id'])
  await createIndex(db, 'downloadJobs', ['state', 'createdAt'])
  await createTable(db, 'downloadJobItems', (table) =>
    table
      .addColumn('id', text, primaryKey)
      .addColumn('jobId', text, belongsTo('downloadJobs.id'))
      .addColumn('kind', text, required)
      .addColumn('key', text, required)
      .addColumn('input', text, required)
      .addColumn('state', text, required)
      .addColumn('attempts', integer, required)
      .addColumn('maxAttempts', integer, required)
      .addColumn('deferrals', integer, required)
      .addColumn('runAfter', integer, required)
      .addColumn('leaseToken', text)
      .addColumn('bytesDone', integer, required)
      .addColumn('bytesTotal', integer)
      .addColumn('errorCode', text)
      .addColumn('errorMessage', text)
      .addColumn('createdAt', integer, required)
      .addColumn('finishedAt', integer),
  )
  await createUniqueIndex(db, 'downloadJobItems', ['jobId', 'key'])
  await createIndex(db, 'downloadJobItems', ['jobId', 'state'])
  // What a claim looks for; only unfinished items are in it, so it stays small however long the history grows.
  await db.schema
    .createIndex('downloadJobItems_unfinished')
    .on('downloadJobItems')
    .columns(['runAfter', 'id'])
    .where(sql<boolean>`state in ('pending', 'running')`)
    .execute()
}

// In the order of creation: a table comes after those it refers to.
const TABLES = [
  'systemSettings',
  'users',
  'sessions',
  'apiKeys',
  'auditLogs',
  'providers',
  'providerVersions',
  'providerPlatforms',
  'signingKeys',
  'registrySigningKeys',
  'quarantinedPackages',
  'objectClaims',
  'downloadJobs',
  'downloadJobItems',
]

/** Everything of `schema.ts`, and the one settings row. */
export const initialMigration: Migration = {
  number: 1,
  name: 'initial',
  async up(db) {
    for (const create of [createSettings, createAccounts, createAudit, createProviders, createTrust, createIntake, createJobs]) {
      await create(db)
    }
  },
  async down(db) {
    for (const table of TABLES.toReversed()) await db.schema.dropTable(table).execute()
  },
}
