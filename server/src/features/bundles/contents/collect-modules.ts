import type { BundleModule, BundleModuleVersion } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { moduleArchivePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { type ModuleAddress, parseModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { HeldModuleRow } from '../../module-pull-through/index.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import type { WantedModule } from '../selection/wanted.ts'
import type { BundleFile, Contents } from './contents.ts'

/** One version as a manifest has it. */
interface Collected {
  readonly module: Omit<BundleModule, 'versions'>
  readonly version: BundleModuleVersion
  readonly archive: Omit<BundleFile, 'path'>
}

/** The modules of a selection, which the asker may read, with their archives. */
export async function collectModules(
  deps: BundlesDeps,
  own: string,
  wanted: readonly WantedModule[],
): Promise<Pick<Contents, 'modules' | 'files'>> {
  const modules = new Map<string, BundleModule>()
  const files: BundleFile[] = []
  for (const { hostname, name, version } of wanted) {
    const address = parseModuleAddress(name)
    const found =
      hostname === undefined ? await findPublished(deps, own, { address, version }) : await findHeld(deps, { hostname, address, version })
    if (found === undefined) throw new Error(`Module ${name} ${version} vanished while a bundle was planned`)
    // Versions may have come under several spellings of one name: the first is that of all.
    const key = `${found.module.hostname}/${name}`.toLowerCase()
    const before = modules.get(key) ?? { ...found.module, versions: [] }
    modules.set(key, { ...before, versions: [...before.versions, found.version] })
    files.push({ path: moduleArchivePath(before, version), ...found.archive })
  }
  return { modules: [...modules.values()], files }
}

interface Named {
  readonly address: ModuleAddress
  readonly version: string
}

async function findPublished(deps: BundlesDeps, own: string, { address, version }: Named): Promise<Collected | undefined> {
  const { found } = await deps.modules.find(address)
  const row = found?.versions.find((candidate) => candidate.version === version)
  if (found === undefined || row === undefined) return undefined
  const { description, sourceUrl } = found.module
  return {
    module: { hostname: own, ...found.address, origin: 'published', description, source_url: sourceUrl },
    version: { version, commit_sha: row.commitSha },
    archive: { size: row.size, sha256: row.sha256 },
  }
}

async function findHeld(deps: BundlesDeps, { hostname, address, version }: Named & { hostname: string }): Promise<Collected | undefined> {
  const { found } = await deps.heldModules.find({ hostname, ...address })
  const row = found?.byVersion.get(version)
  if (row === undefined) return undefined
  return {
    module: { hostname, ...address, origin: 'mirrored', description: '', source_url: null },
    version: { version, commit_sha: row.commitSha, fetched_from: sourceOf(row) },
    archive: { size: row.size, sha256: row.sha256 },
  }
}

function sourceOf(row: HeldModuleRow): NonNullable<BundleModuleVersion['fetched_from']> {
  return {
    content_sha256: row.contentSha256,
    kind: row.sourceKind === 'git' ? 'git' : 'archive',
    url: row.sourceUrl,
    ref: row.gitRef,
    received_sha256: row.receivedSha256,
    subdir: row.subdir,
  }
}
