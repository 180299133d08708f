import { compareVersions } from '@terrace/protocol/versions.ts'
import { decodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { ModuleAnalysis } from '../module-analysis/index.ts'
import { indexModule, unindexModule } from '../module-search/index.ts'
import { sumDownloads, totalDownloads } from './downloads/download-count-queries.ts'
import { latestVersion } from './module-catalog.ts'
import { findModuleContent, listModulesById, listModuleVersions, lockModule } from './module-queries.ts'

/** Makes the search know what the module's latest version says; a module with nothing to install is forgotten. */
export async function indexPublishedModule(tx: Db, moduleId: string): Promise<void> {
  await lockModule(tx, moduleId)
  const [module] = await listModulesById(tx, [moduleId])
  const versions = (await listModuleVersions(tx, moduleId))
    .filter(({ deletedAt, damagedAt }) => deletedAt === null && damagedAt === null)
    .sort((a, b) => compareVersions(b.version, a.version))
  const latest = latestVersion(versions)
  const content = latest && (await findModuleContent(tx, latest.id))
  if (module === undefined || latest === undefined || content === undefined) {
    await unindexModule(tx, moduleId)
    return
  }
  const { root } = decodeJson<ModuleAnalysis>(content.analysis)
  await indexModule(tx, {
    moduleId,
    namespace: module.namespace,
    name: module.name,
    system: module.system,
    description: module.description,
    readme: content.readme,
    inputNames: root.inputs.map(({ name }) => name),
    resourceTypes: [...new Set(root.resources.map(({ type }) => type))],
    deprecated: module.deprecatedAt !== null,
    downloads: totalDownloads(await sumDownloads(tx, [moduleId]), versions),
    publishedAt: latest.createdAt,
  })
}
