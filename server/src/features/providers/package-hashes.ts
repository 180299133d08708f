import type { ProviderPackageDocument } from '@terrace/protocol/documents/provider-documents.ts'
import { parseShasums } from '@terrace/protocol/shasums.ts'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import type { CatalogVersion } from './provider-catalog.ts'
import { findProviderVersionById } from './provider-queries.ts'

/** Names on the signed checksum lists of versions, read once per state of a version. */
const signedNames = new WeakMap<CatalogVersion, readonly string[]>()

/**
 * Hashes and sizes of every package of a version, as OpenTofu 1.12 takes them into lock files. It takes them for all there are, so
 * there are none while a package of the signed list is not held or not served: then clients use the list itself.
 * Source: protocol.md 7.2, provider download document.
 */
export async function listPackageHashes(
  deps: Pick<Deps, 'database'>,
  version: CatalogVersion,
): Promise<NonNullable<ProviderPackageDocument['packages']> | undefined> {
  const served = new Map(version.packages.map((row) => [row.filename, row]))
  const names = await readSignedNames(deps, version)
  if (names === undefined || names.some((name) => !served.has(name))) return undefined
  return Object.fromEntries(
    version.packages.map(({ os, arch, zh, h1, size }) => [`${os}_${arch}`, { hashes: [zh, h1], package_size: size }]),
  )
}

/** Names of packages on the signed list; `undefined` while the database is away, when the document goes without. */
async function readSignedNames({ database }: Pick<Deps, 'database'>, version: CatalogVersion): Promise<readonly string[] | undefined> {
  const known = signedNames.get(version)
  if (known !== undefined) return known
  try {
    const row = await findProviderVersionById(database.db, version.id)
    if (row === undefined) return undefined
    const names = [...parseShasums(row.shasums).checksums.keys()].filter((name) => name.endsWith('.zip'))
    signedNames.set(version, names)
    return names
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'DATABASE_UNAVAILABLE') return undefined
    throw error
  }
}
