import { compareVersions } from '@terrace/protocol/versions.ts'
import { sumDownloads, totalDownloads } from '../downloads/download-count-queries.ts'
import { latestVersion } from '../module-catalog.ts'
import { listModulesById } from '../module-queries.ts'
import type { ModulesDeps } from '../modules-deps.ts'
import { presentFound } from '../present-module.ts'
import { listVersionsOfModules } from './module-list-queries.ts'

/** Summaries of modules in the order of the ids, in three queries whatever their number. */
export async function readSummaries({ database: { db } }: Pick<ModulesDeps, 'database'>, ids: readonly string[]) {
  const [modules, versions, counts] = await Promise.all([listModulesById(db, ids), listVersionsOfModules(db, ids), sumDownloads(db, ids)])
  const byId = new Map(modules.map((module) => [module.id, module]))
  const byModule = Map.groupBy(versions, ({ moduleId }) => moduleId)
  return ids.flatMap((id) => {
    const module = byId.get(id)
    const own = (byModule.get(id) ?? []).toSorted((a, b) => compareVersions(b.version, a.version))
    const latest = latestVersion(own)
    if (module === undefined || latest === undefined) return []
    return [presentFound(module, latest, totalDownloads(counts, own))]
  })
}
