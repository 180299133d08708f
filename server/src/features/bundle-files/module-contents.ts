import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { moduleArchivePath } from '@terrace/protocol/bundle/bundle-paths.ts'

/** A version of a module of an upstream, and the digest of its content that the manifest states. */
interface StatedContent {
  /** `HOST/NAMESPACE/NAME/SYSTEM VERSION` */
  readonly name: string
  readonly sha256: string
}

/** By path of the archive: what modules of upstreams must contain. */
export function statedContents({ modules }: BundleManifest): ReadonlyMap<string, StatedContent> {
  const stated = modules.flatMap((module) => {
    const { hostname, namespace, name, system } = module
    return module.versions.flatMap(({ version, fetched_from: source }): [string, StatedContent][] => {
      if (source === undefined) return []
      const content = { name: `${hostname}/${namespace}/${name}/${system} ${version}`, sha256: source.content_sha256 }
      return [[moduleArchivePath(module, version), content]]
    })
  })
  return new Map(stated)
}

/**
 * What is wrong with the modules of upstreams, one phrase each.
 * @param found digests by path, of the archives that are intact; `undefined` for one that cannot be unpacked.
 */
export function checkContents(
  stated: ReadonlyMap<string, StatedContent>,
  found: ReadonlyMap<string, string | undefined>,
): { readonly object: string; readonly state: string }[] {
  return [...found].flatMap(([path, digest]) => {
    const { name = path, sha256 } = stated.get(path) ?? {}
    if (digest === sha256) return []
    return [{ object: name, state: digest === undefined ? 'its archive cannot be unpacked' : `its content is ${digest}, not ${sha256}` }]
  })
}
