import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatShasums, parseShasums } from '@terrace/protocol/shasums.ts'
import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import { findProvider, findProviderVersion } from '../providers/index.ts'
import { expectsSignature, findRegistryPublicKey, type TrustDeps } from '../trust/index.ts'
import type { PackageDocument } from '../upstreams/index.ts'
import { verifyShasumsSignature } from '../verification/index.ts'
import type { MirrorDeps } from './mirror-deps.ts'

interface ListOf {
  readonly address: ProviderAddress
  readonly version: string
}

/** A list that an upstream gave without a signature, on purpose (C33), signed by this registry so that clients can be served. */
export interface UnsignedShasums {
  /** Exact bytes. */
  readonly shasums: Uint8Array
  /** This registry's, which says nothing about where the list is from. */
  readonly signature: Uint8Array
  readonly fingerprint: string
  readonly provenance: 'unsigned'
  /** The upstream has no list: it holds one package, by the digest in that package's document. */
  readonly isPartial: boolean
  /** Kept with the version. */
  readonly warning: string
}

/** The entry of `mirror.unsigned` that an address falls under, if any: the narrowest. */
export function findUnsignedScope(
  { config }: Pick<MirrorDeps, 'config'>,
  { hostname, namespace, type }: ProviderAddress,
): string | undefined {
  const scopes = [`${hostname}/${namespace}/${type}`, `${hostname}/${namespace}`, hostname]
  return scopes.find((scope) => config.mirror.unsigned.includes(scope))
}

/**
 * The list of a version that an administrator lets in without a signature. A signature that can be checked is never passed over:
 * where a key is trusted here, or the upstream announces one beside its signature, the answer is `undefined` and the signature counts.
 *
 * @throws {RegistryError} UPSTREAM_*
 */
export async function readUnsignedShasums(
  deps: MirrorDeps,
  { address }: ListOf,
  document: PackageDocument,
): Promise<UnsignedShasums | undefined> {
  const scope = findUnsignedScope(deps, address)
  if (scope === undefined || (await expectsSignature(deps, address))) return undefined
  const hasSignature = (await ifThere(deps.upstreams.fetchSignature(document))) !== undefined
  if (hasSignature && document.signingKeys.length > 0) return undefined
  const listed = await ifThere(deps.upstreams.fetchShasums(document))
  const shasums = listed ?? encode([[document.filename, document.shasum]])
  return { ...(await sign(deps, shasums)), provenance: 'unsigned', isPartial: listed === undefined, warning: warningFor(scope) }
}

/**
 * A list that was taken like that before, and kept with this registry's signature; `undefined` for any other, and when a signature is
 * needed meanwhile.
 */
export async function rereadUnsignedShasums(deps: TrustDeps, { address }: ListOf, files: KeptFiles): Promise<UnsignedShasums | undefined> {
  const scope = findUnsignedScope(deps, address)
  if (scope === undefined || (await expectsSignature(deps, address))) return undefined
  const fingerprint = await findOwnSigner(deps, files)
  if (fingerprint === undefined) return undefined
  return { ...files, fingerprint, provenance: 'unsigned', isPartial: false, warning: warningFor(scope) }
}

type KeptFiles = Pick<UnsignedShasums, 'shasums' | 'signature'>

async function findOwnSigner({ database }: TrustDeps, { shasums, signature }: KeptFiles): Promise<string | undefined> {
  const own = await findRegistryPublicKey(database.db)
  if (own === undefined) return undefined
  try {
    // Our own key never ends, and whenever it signed is good.
    const now = Number.MAX_SAFE_INTEGER
    return (await verifyShasumsSignature({ shasums, signature, keys: [own], now, expiredKeys: 'warn' })).fingerprint
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}

const warningFor = (scope: string): string => `Taken without a signature, as the settings allow for "${scope}"`

const NOT_THERE: ReadonlySet<unknown> = new Set([403, 404, 410])

/** What an upstream does not have is `undefined`; stores in clouds answer 403 for it. */
async function ifThere(fetching: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await fetching
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'UPSTREAM_REFUSED' && NOT_THERE.has(error.detail?.status)) return undefined
    throw error
  }
}

const encode = (entries: Iterable<readonly [string, string]>): Uint8Array => new TextEncoder().encode(formatShasums([...entries]))

async function sign({ registrySigningKey }: MirrorDeps, shasums: Uint8Array) {
  return { shasums, ...(await registrySigningKey.sign(shasums)) }
}

interface SettledList {
  readonly shasums: Uint8Array
  readonly signature: Uint8Array
  readonly entries: ReadonlyMap<string, string>
  readonly provenance?: 'unsigned'
  readonly isPartial?: boolean
}

/**
 * The list to record, within the transaction that records its package: one that holds a single package is joined with what is on the
 * version's list already. What was verified once is never continued without a signature.
 *
 * @throws {RegistryError} INVALID_SIGNATURE
 */
export async function settleList<List extends SettledList>(
  deps: MirrorDeps,
  tx: Db,
  { list, ...of }: ListOf & { readonly list: List },
): Promise<List> {
  if (list.provenance === undefined) return list
  // The revision's row is the lock: of two packages that come at once, the second finds the first on the list.
  await bumpCatalogRevision(tx)
  const provider = await findProvider(tx, of.address)
  const row = provider && (await findProviderVersion(tx, provider.id, of.version))
  if (row === undefined) return list
  if (row.provenance !== 'unsigned') throw lostSignature(of)
  if (list.isPartial !== true) return list
  const entries = new Map([...parseShasums(row.shasums).checksums, ...list.entries])
  return { ...list, ...(await sign(deps, encode(entries))), entries }
}

function lostSignature({ address, version }: ListOf): RegistryError {
  const name = `"${formatProviderAddress(address)}" "${version}"`
  return new RegistryError(
    'INVALID_SIGNATURE',
    `Cannot verify ${name}: its other packages were signed, and now the upstream gives no signature`,
    {
      hint: 'What is held stays in service; ask the publisher what happened',
      detail: { reason: 'missing' },
    },
  )
}
