import { formatModuleAddress, type ModuleAddress, moduleKey } from '@terrace/protocol/module-addresses.ts'
import { compareVersions, isPrerelease } from '@terrace/protocol/versions.ts'
import type { LRUCache } from 'lru-cache'
import { createRenderedDocuments, type RenderedDocument } from '../../base/catalog/rendered-documents.ts'
import { type CacheAnswer, createRevisionCache } from '../../base/catalog/revision-cache.ts'
import type { UnixMs } from '../../base/clock.ts'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Actor } from '../../base/http/edge-types.ts'
import { findNamespace, mayRead, type NamespaceAccess } from '../namespaces/index.ts'
import { findModule, listModuleVersions, type ModuleRow, type ModuleVersionRow } from './module-queries.ts'

/** A module with its versions, newest first, and the answers made from it so far. */
export interface CatalogModule {
  readonly module: ModuleRow
  /** As first published. */
  readonly address: ModuleAddress
  readonly namespace: NamespaceAccess | undefined
  /** Deleted and damaged ones are not among them. */
  readonly versions: readonly ModuleVersionRow[]
  /** Canonical version → row; deleted and damaged ones included. */
  readonly byVersion: ReadonlyMap<string, ModuleVersionRow>
  readonly rendered: LRUCache<string, RenderedDocument>
}

/** Modules as they were at the newest catalog revision; the reads of all protocol routes go through here. */
export interface ModuleCatalog {
  find(address: ModuleAddress): Promise<CacheAnswer<CatalogModule>>
}

/** Case of the address does not matter (protocol.md M-7). */
export function createModuleCatalog(deps: Pick<Deps, 'database' | 'clock' | 'logger'>): ModuleCatalog {
  const cache = createRevisionCache<CatalogModule>(deps)
  return {
    find: (address) => cache.find(formatModuleAddress(moduleKey(address)), () => loadModule(deps, address)),
  }
}

async function loadModule({ database }: Pick<Deps, 'database'>, address: ModuleAddress): Promise<CatalogModule | undefined> {
  const module = await findModule(database.db, address)
  if (module === undefined) return undefined
  const [rows, access] = await Promise.all([listModuleVersions(database.db, module.id), findNamespace(database.db, module.namespaceKey)])
  rows.sort((a, b) => compareVersions(b.version, a.version))
  const { namespace, name, system } = module
  return {
    module,
    address: { namespace, name, system },
    namespace: access,
    versions: rows.filter((row) => row.deletedAt === null && row.damagedAt === null),
    byVersion: new Map(rows.map((row) => [row.version, row])),
    rendered: createRenderedDocuments(),
  }
}

/**
 * The version to recommend: the newest that is neither a pre-release nor deprecated, else the newest that is no pre-release, else the
 * newest of all; `undefined` when none is left. Source: ux.md section 2.
 */
export function latestVersion<Row extends { readonly version: string; readonly deprecatedAt: UnixMs | null }>(
  versions: readonly Row[],
): Row | undefined {
  const stable = versions.filter(({ version }) => !isPrerelease(version))
  return stable.find(({ deprecatedAt }) => deprecatedAt === null) ?? stable[0] ?? versions[0]
}

/** Who wants to read which module. */
export interface ModuleReading {
  readonly actor: Actor
  readonly address: ModuleAddress
}

/**
 * The module, or the 404 that makes the CLI say "Module not found": the same for one that the actor may not read and for one that
 * does not exist.
 */
export function requireModule({ found }: CacheAnswer<CatalogModule>, { actor, address }: ModuleReading): CatalogModule {
  if (found !== undefined && mayRead(actor, 'modules', found.namespace)) return found
  throw new RegistryError('MODULE_NOT_FOUND', `Cannot find module "${formatModuleAddress(address)}": this registry does not hold it`, {
    hint: 'Look at the list with: terrace module list; publish it with: terrace module publish',
  })
}

/** The version to recommend, or a 404 when all were withdrawn. */
export function requireLatest({ address, versions }: CatalogModule): ModuleVersionRow {
  const latest = latestVersion(versions)
  if (latest !== undefined) return latest
  throw new RegistryError('MODULE_VERSION_NOT_FOUND', `Cannot read module "${formatModuleAddress(address)}": no version of it is left`, {
    hint: `What became of each version is told by: terrace module show ${formatModuleAddress(address)}`,
  })
}

/** The version to install or read; a withdrawn one answers 410 with its reason (protocol.md 8.6). */
export function requireModuleVersion(found: CatalogModule, version: string): ModuleVersionRow {
  const row = found.byVersion.get(version)
  const name = `${formatModuleAddress(found.address)} ${version}`
  const hint = `Choose another one; they are listed by: terrace module show ${formatModuleAddress(found.address)}`
  if (row === undefined) {
    throw new RegistryError('MODULE_VERSION_NOT_FOUND', `Cannot find module "${name}": no such version is published`, { hint })
  }
  if (row.deletedAt !== null) {
    throw new RegistryError(
      'MODULE_VERSION_WITHDRAWN',
      `Cannot read module "${name}": it was withdrawn: ${row.deletedReason ?? 'no reason given'}`,
      { hint },
    )
  }
  if (row.damagedAt !== null) {
    throw new RegistryError('OBJECT_DAMAGED', `Cannot read module "${name}": its stored archive is damaged`, {
      hint: 'Ask an administrator to restore it, or publish the same content again with: terrace module publish',
    })
  }
  return row
}
