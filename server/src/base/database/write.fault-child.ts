/**
 * Writes to a database in a process of its own, for tests that kill it or that write at the same time.
 *
 * Usage: node write.fault-child.ts OPTIONS-OF-THE-DATABASE-AS-JSON MODE
 * `loop` inserts one user after the other and prints the name of each once its insert is acknowledged.
 * `hold` opens a transaction that has bumped the catalog revision, prints `held`, and commits at the end of its input.
 */
import { bumpCatalogRevision } from './catalog-revision.ts'
import { type OpenDatabaseOptions, openDatabase } from './open-database.ts'

const [options = '', mode = ''] = process.argv.slice(2)
const { db, close } = openDatabase(JSON.parse(options) as OpenDatabaseOptions)

const user = (name: string) => ({ id: name, username: name, passwordHash: null, scopes: '[]', createdAt: 0, disabledAt: null })

if (mode === 'loop') {
  for (let count = 0; ; count += 1) {
    await db
      .insertInto('users')
      .values(user(`user ${count}`))
      .execute()
    process.stdout.write(`user ${count}\n`)
  }
}

await db.transaction().execute(async (tx) => {
  await bumpCatalogRevision(tx)
  process.stdout.write('held\n')
  await new Promise((resolve) => process.stdin.resume().once('end', resolve))
})
await close()
