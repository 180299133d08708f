import { decodeJson } from '../../base/database/columns.ts'
import type { ModuleAnalysis } from '../module-analysis/index.ts'
import { sumDownloads, totalDownloads } from './downloads/download-count-queries.ts'
import type { CatalogModule } from './module-catalog.ts'
import { findModuleContent, listSystems, type ModuleVersionRow } from './module-queries.ts'
import type { ModulesDeps } from './modules-deps.ts'
import type { DetailFacts } from './present-module.ts'

/** README, analysis and counts of a version. */
export async function readDetail(
  { database: { db } }: Pick<ModulesDeps, 'database'>,
  { address, versions }: CatalogModule,
  row: ModuleVersionRow,
): Promise<DetailFacts> {
  const [content, systems, counts] = await Promise.all([
    findModuleContent(db, row.id),
    listSystems(db, address),
    sumDownloads(db, [row.moduleId]),
  ])
  if (content === undefined) throw new Error(`Version row vanished: ${row.id}`)
  return {
    row,
    readme: content.readme,
    analysis: decodeJson<ModuleAnalysis>(content.analysis),
    downloads: totalDownloads(counts, versions),
    versionDownloads: counts.get(row.id) ?? 0,
    systems,
  }
}
