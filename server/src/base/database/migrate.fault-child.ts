/**
 * Migrates in a process of its own, for tests that start several at once and kill one. Prints what it applied as JSON.
 *
 * Usage: node migrate.fault-child.ts OPTIONS-OF-THE-DATABASE-AS-JSON [STATEMENT]; it kills itself before that statement, from 1.
 */
import type { KyselyPlugin } from 'kysely'
import { migrate } from './migrate.ts'
import { type OpenDatabaseOptions, openDatabase } from './open-database.ts'

const [options = '', fatal = '0'] = process.argv.slice(2)
let statements = 0
const killer: KyselyPlugin = {
  transformQuery({ node }) {
    statements += 1
    if (statements === Number(fatal)) process.kill(process.pid, 'SIGKILL')
    return node
  },
  transformResult: async ({ result }) => result,
}

const database = openDatabase(JSON.parse(options) as OpenDatabaseOptions)
const applied = await migrate(database.db.withPlugin(killer))
process.stdout.write(JSON.stringify({ applied, statements }))
await database.close()
