import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { DIALECTS, openTestDatabase } from '../../../testing/dialects.ts'
import { migrate, migrateDown } from '../migrate.ts'
import { MIGRATIONS } from './migrations.ts'

describe.each(DIALECTS)('the identity migration on %s', (dialect) => {
  test('keys and namespaces of before live on, and again after a step down', async () => {
    const { db } = await openTestDatabase(dialect, { migrated: false })
    await migrate(db, { migrations: MIGRATIONS.slice(0, 3) })
    await sql`insert into users (id, username, scopes, created_at) values ('u1', 'mia', '["admin"]', 1)`.execute(db)
    await sql`insert into api_keys (id, user_id, name, prefix, key_hash, scopes, created_at)
      values ('k1', 'u1', 'ci', 'tfr_abc', 'hash', '[]', 2)`.execute(db)
    await sql`insert into providers (id, hostname, namespace, type, created_at)
      values ('p1', '_self', 'acme', 'foo', 3), ('p2', 'registry.example.com', 'other', 'foo', 3)`.execute(db)

    await migrate(db, { migrations: MIGRATIONS.slice(0, 4) })
    expect(await db.selectFrom('apiKeys').select(['id', 'userId', 'kind', 'organizationId']).execute()).toEqual([
      { id: 'k1', userId: 'u1', kind: 'key', organizationId: null },
    ])
    expect(await db.selectFrom('namespaces').select(['name', 'visibility']).execute()).toEqual([{ name: 'acme', visibility: 'public' }])
    expect(await db.selectFrom('roleTemplates').select('name').orderBy('id').execute()).toHaveLength(6)

    await migrateDown(db, 3, { migrations: MIGRATIONS.slice(0, 4) })
    expect(await sql`select id, user_id, key_hash from api_keys`.execute(db)).toMatchObject({
      rows: [{ id: 'k1', userId: 'u1', keyHash: 'hash' }],
    })
  })
})
