import type { BundleModule } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { moduleArchivePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { parseModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import type { WantedModule } from '../selection/wanted.ts'
import type { BundleFile, Contents } from './contents.ts'

/** The modules of a selection, which the asker may read, with their archives. */
export async function collectModules(
  deps: BundlesDeps,
  own: string,
  wanted: readonly WantedModule[],
): Promise<Pick<Contents, 'modules' | 'files'>> {
  const modules = new Map<string, BundleModule>()
  const files: BundleFile[] = []
  for (const { name, version } of wanted) {
    const { found } = await deps.modules.find(parseModuleAddress(name))
    const row = found?.versions.find((candidate) => candidate.version === version)
    if (found === undefined || row === undefined) throw new Error(`Module ${name} ${version} vanished while a bundle was planned`)
    const address = { hostname: own, ...found.address }
    const { description, sourceUrl } = found.module
    const before = modules.get(name) ?? { ...address, origin: 'published', description, source_url: sourceUrl, versions: [] }
    modules.set(name, { ...before, versions: [...before.versions, { version, commit_sha: row.commitSha }] })
    files.push({ path: moduleArchivePath(address, version), size: row.size, sha256: row.sha256 })
  }
  return { modules: [...modules.values()], files }
}
