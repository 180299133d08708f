import { bumpCatalogRevision } from '@terrace/server/base/database/catalog-revision.ts'
import type { Database, Db } from '@terrace/server/base/database/open-database.ts'
import { indexModule, type SearchDocument } from '@terrace/server/features/module-search/index.ts'
import { gatherStatistics } from '@terrace/server/testing/gather-statistics.ts'
import { moduleRow } from '@terrace/server/testing/test-search.ts'

/** Rows of one transaction and of one statement. */
const BATCH = 100
const DIGEST = '0'.repeat(64)
/** As long as that of a module with some forty inputs. */
const ANALYSIS = JSON.stringify({ root: { inputs: [], padding: 'x'.repeat(8000) } })

/** What to store. */
export interface ModulesToSeed {
  readonly documents: readonly SearchDocument[]
  /** Versions of each module. */
  readonly versions: readonly string[]
  /** Whether the search knows them, which takes most of the time. */
  readonly indexed: boolean
}

/** Writes the rows that publishing would write, without archives. */
export async function seedModules(
  database: Pick<Database, 'db' | 'dialect'>,
  { documents, versions, indexed }: ModulesToSeed,
): Promise<void> {
  for (let start = 0; start < documents.length; start += BATCH) {
    const batch = documents.slice(start, start + BATCH)
    await database.db.transaction().execute(async (tx) => {
      await tx.insertInto('modules').values(batch.map(moduleRow)).execute()
      for (const document of batch) {
        await insertVersions(tx, document, versions)
        if (indexed) await indexModule(tx, document)
      }
      await bumpCatalogRevision(tx)
    })
  }
  await gatherStatistics(database)
}

async function insertVersions(tx: Db, document: SearchDocument, versions: readonly string[]): Promise<void> {
  const rows = versions.map((version) => versionRow(document, version))
  for (let start = 0; start < rows.length; start += BATCH) {
    await tx
      .insertInto('moduleVersions')
      .values(rows.slice(start, start + BATCH))
      .execute()
  }
}

function versionRow({ moduleId, readme, publishedAt }: SearchDocument, version: string) {
  return {
    id: `${moduleId}/${version}`,
    moduleId,
    version,
    size: 10_000,
    sha256: DIGEST,
    contentSha256: DIGEST,
    storageBackend: 'local',
    storageKey: `modules/${moduleId}/${version}.tar.gz`,
    readme,
    analysis: ANALYSIS,
    commitSha: null,
    createdAt: publishedAt,
    createdBy: 'bench',
    deprecatedAt: null,
    deprecationMessage: null,
    successor: null,
    damagedAt: null,
    deletedAt: null,
    deletedReason: null,
  }
}
