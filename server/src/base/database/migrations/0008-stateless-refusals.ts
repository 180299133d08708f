import { dialectOf } from '../dialect.ts'
import type { Migration } from '../migration.ts'

/** Refused logins of Terraform leave no row: their code carries the reason itself. */
export const statelessRefusalsMigration: Migration = {
  number: 8,
  name: 'stateless-refusals',
  async up(db) {
    await db.schema.alterTable('loginCodes').dropColumn('refusal').execute()
  },
  async down(db) {
    await db.schema.alterTable('loginCodes').addColumn('refusal', dialectOf(db).columnTypes.text).execute()
  },
}
