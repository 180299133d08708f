import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { moduleArchivePath, packagePath, shasumsPath, signaturePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import type { ModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { RegistryError } from '../../base/errors.ts'
import { mayRead } from '../namespaces/index.ts'
import { behind, type CatalogProvider, SELF_HOSTNAME } from '../providers/index.ts'
import { listSignedVersions } from './bundle-queries.ts'
import type { BundlesDeps } from './bundles-deps.ts'
import type { Asker } from './selection/wanted.ts'

/** Where the bytes of an object are: behind a signed link, or here. */
export type ObjectSource = { readonly path: string } & ({ readonly url: string } | { readonly content: Uint8Array })

/**
 * Where the bytes of objects of a manifest are now. A client asks again when its links have run out, so that a download may take days.
 * @throws {RegistryError} OBJECT_NOT_FOUND for the first that is not held, or that the asker may not read.
 */
export async function findObjectSources(deps: BundlesDeps, asker: Asker, paths: readonly string[]): Promise<ObjectSource[]> {
  const folders = Map.groupBy(paths, (path) => path.slice(0, path.lastIndexOf('/')))
  const found = new Map<string, ObjectSource>()
  for (const [folder, members] of folders) {
    for (const source of await findInFolder(deps, asker, { folder, wanted: new Set(members) })) found.set(source.path, source)
  }
  return paths.map((path) => found.get(path) ?? refuse(path))
}

interface Folder {
  readonly folder: string
  /** Paths of objects in it. */
  readonly wanted: ReadonlySet<string>
}

async function findInFolder(deps: BundlesDeps, asker: Asker, { folder, wanted }: Folder): Promise<ObjectSource[]> {
  const [kind, hostname = '', namespace = '', type = '', ...more] = folder.split('/')
  if (kind === 'providers' && more.length === 0) return findOfProvider(deps, asker, { address: { hostname, namespace, type }, wanted })
  const [system = '', ...rest] = more
  if (kind !== 'modules' || rest.length > 0) return []
  const address = { namespace, name: type, system }
  return hostname === asker.own
    ? findOfModule(deps, asker, { address, wanted })
    : findOfHeldModule(deps, asker, { hostname, address, wanted })
}

interface ProviderFolder extends Pick<Folder, 'wanted'> {
  readonly address: ProviderAddress
}

async function findOfProvider(deps: BundlesDeps, asker: Asker, { address, wanted }: ProviderFolder): Promise<ObjectSource[]> {
  const hostname = address.hostname === asker.own ? SELF_HOSTNAME : address.hostname
  const { found } = await deps.catalog.find({ ...address, hostname })
  if (found === undefined || !mayRead(asker.actor, 'providers', found.namespace)) return []
  const versions = found.versions.filter(({ blocked }) => !blocked)
  return [
    ...(await findLists(deps, versions, { address, wanted })),
    ...(await findPackages(deps, versions, { address, wanted, base: asker.base })),
  ]
}

type Versions = CatalogProvider['versions']

async function findLists({ database }: BundlesDeps, versions: Versions, { address, wanted }: ProviderFolder): Promise<ObjectSource[]> {
  const asked = versions.filter(({ version }) => wanted.has(shasumsPath(address, version)) || wanted.has(signaturePath(address, version)))
  const names = new Map(asked.map(({ id, version }) => [id, version]))
  const rows = await listSignedVersions(database.db, [...names.keys()])
  return rows.flatMap(({ id, shasums, shasumsSignature }) => [
    { path: shasumsPath(address, names.get(id) ?? ''), content: shasums },
    { path: signaturePath(address, names.get(id) ?? ''), content: shasumsSignature },
  ])
}

async function findPackages(
  deps: BundlesDeps,
  versions: Versions,
  { address, wanted, base }: ProviderFolder & { readonly base: string },
): Promise<ObjectSource[]> {
  const packages = versions.flatMap(({ version, packages: rows }) =>
    rows.map(({ os, arch, storageKey }) => ({ path: packagePath(address, version, `${os}_${arch}`), storageKey })),
  )
  return linksTo(
    deps,
    base,
    packages.filter(({ path }) => wanted.has(path)),
  )
}

async function findOfModule(
  deps: BundlesDeps,
  { actor, own, base }: Asker,
  { address, wanted }: { readonly address: ModuleAddress; readonly wanted: ReadonlySet<string> },
): Promise<ObjectSource[]> {
  const { found } = await deps.modules.find(address)
  if (found === undefined || !mayRead(actor, 'modules', found.namespace)) return []
  const archives = found.versions.map(({ version, storageKey }) => ({
    path: moduleArchivePath({ hostname: own, ...found.address }, version),
    storageKey,
  }))
  return linksTo(
    deps,
    base,
    archives.filter(({ path }) => wanted.has(path)),
  )
}

/** Whoever may read at all may read what came from an upstream. */
async function findOfHeldModule(
  deps: BundlesDeps,
  { base }: Asker,
  { hostname, address, wanted }: { readonly hostname: string; readonly address: ModuleAddress; readonly wanted: ReadonlySet<string> },
): Promise<ObjectSource[]> {
  const module = { hostname, ...address }
  const { found } = await deps.heldModules.find(module)
  const archives = (found?.versions ?? []).map(({ version, storageKey }) => ({ path: moduleArchivePath(module, version), storageKey }))
  return linksTo(
    deps,
    base,
    archives.filter(({ path }) => wanted.has(path)),
  )
}

function linksTo(
  { store, config }: BundlesDeps,
  base: string,
  objects: readonly { readonly path: string; readonly storageKey: string }[],
): Promise<ObjectSource[]> {
  const life = config.downloads.linkLifeSeconds
  return Promise.all(objects.map(async ({ path, storageKey }) => ({ path, url: behind(base, await store.signUrl(storageKey, life)) })))
}

function refuse(path: string): never {
  throw new RegistryError('OBJECT_NOT_FOUND', `Cannot send "${path}": it is not held here, or not any more`, {
    hint: 'Create the bundle again: its manifest then has what is held now',
  })
}
