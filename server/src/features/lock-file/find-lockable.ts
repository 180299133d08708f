import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Actor } from '../../base/http/edge-types.ts'
import { mayRead } from '../namespaces/index.ts'
import { type CatalogProvider, listServedVersions, type OfferedProvider, SELF_HOSTNAME } from '../providers/index.ts'
import { bareHostname, type LockAddress } from './input/lock-address.ts'
import type { LockDeps } from './lock-deps.ts'

/** A version that can be locked. */
export interface LockableVersion {
  readonly version: string
  /** Row of a version of which something is or was stored. */
  readonly id: string | undefined
  /** The verified checksum list of one of which nothing is served now. */
  readonly shasums: Uint8Array | undefined
}

/** What is known of a provider. */
export interface LockableProvider {
  readonly held: CatalogProvider | undefined
  readonly offered: OfferedProvider | undefined
  /** Newest first: what is served, and what comes when somebody asks for it. */
  readonly versions: readonly string[]
}

/** Who asks for a provider. */
export interface Asker {
  readonly actor: Actor
  /** Our own host name, as the asker knows it. */
  readonly own: string
}

/**
 * The provider that an address means; `undefined` also for one that the asker may not read. Our own host name means what is published
 * here, or else what the registry protocol answers under it (C10).
 * @param wanted a version without which a list of an upstream is not fresh enough.
 * @throws {RegistryError} UPSTREAM_* when nothing is held and the upstream does not answer.
 */
export async function findLockable(
  deps: LockDeps,
  address: LockAddress,
  asker: Asker & { readonly wanted: string | undefined },
): Promise<LockableProvider | undefined> {
  const bare = { ...address, hostname: bareHostname(address) }
  if (bare.hostname !== asker.own) return findOfOrigin(deps, bare, asker)
  const { catalog, config } = deps
  const { found } = await catalog.find({ ...bare, hostname: SELF_HOSTNAME })
  if (found !== undefined) return mayRead(asker.actor, 'providers', found.namespace) ? merge(found, undefined) : undefined
  const { defaultHostname } = config.providers
  if (defaultHostname === '' || (await catalog.isClaimed(bare.namespace))) return undefined
  return findOfOrigin(deps, { ...bare, hostname: defaultHostname }, asker)
}

async function findOfOrigin(
  { catalog, onDemand }: LockDeps,
  address: ProviderAddress,
  { wanted }: { readonly wanted: string | undefined },
): Promise<LockableProvider | undefined> {
  const { found: held } = await catalog.find(address)
  const offered = await onDemand?.find(address, { held, ...(wanted !== undefined && { wanted }) })
  return merge(held, offered)
}

function merge(held: CatalogProvider | undefined, offered: OfferedProvider | undefined): LockableProvider | undefined {
  const versions = offered?.versions ?? (held && listServedVersions(held))
  return versions && { held, offered, versions: versions.map(({ version }) => version) }
}

/** One version of it; `undefined` when nothing of it is stored and no upstream has signed for it. */
export async function findVersion(
  { onDemand }: LockDeps,
  { held, offered }: LockableProvider,
  version: string,
): Promise<LockableVersion | undefined> {
  const row = held?.byVersion.get(version)
  if (row?.blocked) return undefined
  if (row !== undefined && row.packages.length > 0) return { version, id: row.id, shasums: undefined }
  const signed = offered && (await onDemand?.findSigned(offered, version))
  return signed && { version, id: row?.id, shasums: signed.shasums }
}
