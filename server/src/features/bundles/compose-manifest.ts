import { BUNDLE_FORMAT, type BundleKey, type BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { entryBytes, layOutParts, MAX_PARTS, type UnplacedObject } from '@terrace/protocol/bundle/bundle-parts.ts'
import { packagePath, shasumsPath, signaturePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { TAR_END } from '@terrace/protocol/tar-headers.ts'
import type { UnixMs } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Contents } from './contents/contents.ts'

/** An earlier bundle, whose objects are left out. */
export interface EarlierBundle {
  readonly name: string
  /** Of its manifest. */
  readonly sha256: string
  readonly objects: readonly { readonly path: string; readonly sha256: string }[]
}

/** How a bundle is written down. */
export interface BundleShape {
  readonly name: string
  readonly source: BundleManifest['source']
  readonly registry: string
  readonly createdAt: UnixMs
  /** Of a part, bytes. */
  readonly maxPartBytes: number
  readonly since: EarlierBundle | undefined
  readonly signingKey: BundleKey
}

/** The manifest of what was found. @throws {RegistryError} RULE_BROKEN when it does not fit into parts of that size. */
export function composeManifest(contents: Contents, shape: BundleShape): BundleManifest {
  const { objects, parts } = layOutParts(placeable(contents, shape.since), shape.maxPartBytes)
  const largest = objects.filter(({ part }) => part !== null).toSorted((a, b) => b.size - a.size)[0]
  if (largest !== undefined && TAR_END.length + entryBytes(largest) > shape.maxPartBytes) throw partsTooSmall(shape, largest)
  if (parts.length > MAX_PARTS) throw tooManyParts(shape, parts.length)
  return {
    format: BUNDLE_FORMAT,
    name: shape.name,
    created_at: new Date(shape.createdAt).toISOString(),
    registry: shape.registry,
    source: shape.source,
    signing_key: shape.signingKey,
    since: shape.since === undefined ? null : { name: shape.since.name, sha256: shape.since.sha256 },
    parts: [...parts],
    objects: [...objects],
    keys: [...contents.keys],
    providers: [...contents.providers],
    modules: [...contents.modules],
  }
}

/** The signed list of a version comes again with every package of it, so that each bundle proves its own packages. */
function placeable({ files, providers }: Contents, since: EarlierBundle | undefined): UnplacedObject[] {
  const had = new Map(since?.objects.map(({ path, sha256 }) => [path, sha256]))
  const isHad = ({ path, sha256 }: { readonly path: string; readonly sha256: string }) => had.get(path) === sha256
  const needed = new Set<string>()
  const byPath = new Map(files.map((file) => [file.path, file]))
  for (const provider of providers) {
    for (const { version, packages } of provider.versions) {
      const archives = packages.map(({ platform }) => byPath.get(packagePath(provider, version, platform)))
      if (archives.every((file) => file !== undefined && isHad(file))) continue
      needed.add(shasumsPath(provider, version)).add(signaturePath(provider, version))
    }
  }
  return files.map((file) => ({ ...file, isElsewhere: isHad(file) && !needed.has(file.path) }))
}

function partsTooSmall({ name, maxPartBytes }: BundleShape, object: { readonly path: string; readonly size: number }): RegistryError {
  const needed = TAR_END.length + entryBytes(object)
  return new RegistryError('RULE_BROKEN', `Cannot split bundle "${name}" at ${maxPartBytes} bytes: "${object.path}" needs ${needed}`, {
    hint: `Split it at ${needed} bytes or more`,
    detail: { needed },
  })
}

function tooManyParts({ name, maxPartBytes }: BundleShape, count: number): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot split bundle "${name}" at ${maxPartBytes} bytes: it would have ${count} parts`, {
    hint: `The limit is ${MAX_PARTS}: split it at more bytes`,
  })
}
