import { dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'

/** Roles that come from the groups of an identity provider are told from those given by hand. */
export const grantedRolesMigration: Migration = {
  number: 6,
  name: 'granted-roles',
  async up(db) {
    await db.schema.alterTable('organizationMembers').addColumn('grantedBy', dialectOf(db).columnTypes.text).execute()
  },
  async down(db) {
    await db.schema.alterTable('organizationMembers').dropColumn('grantedBy').execute()
  },
}
