import { AddressError, type ProviderAddress, parseProviderPathParts } from '@terrace/protocol/addresses.ts'
import { canonicalVersion } from '@terrace/protocol/versions.ts'
import type { FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { CacheAnswer } from '../../base/catalog/revision-cache.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Actor } from '../../base/http/edge-types.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import { mayRead } from '../namespaces/index.ts'
import type { OfferedProvider } from './on-demand.ts'
import type { CatalogProvider, CatalogVersion } from './provider-catalog.ts'
import type { RegistryDeps } from './provider-deps.ts'
import { SELF_HOSTNAME } from './provider-queries.ts'

export interface ProviderParams {
  readonly namespace: string
  readonly type: string
}

type AddressParams = ProviderParams & { readonly hostname?: string }

// Reading an address costs as much as answering from the catalog, and the same few are asked for again and again.
const readBefore = new LRUCache<string, ProviderAddress>({ max: 10_000 })

/** Reads an address out of a path; names are compared in lower case (protocol.md P-19). */
export function readAddress(params: AddressParams): ProviderAddress {
  const { hostname = '=', namespace, type } = params
  // Unambiguous, as no part of a readable address holds a slash and no host name is "=".
  const path = `${hostname}/${namespace}/${type}`
  const known = readBefore.get(path)
  if (known !== undefined) return known
  const address = parseAddress(params)
  readBefore.set(path, address)
  return address
}

function parseAddress(params: AddressParams): ProviderAddress {
  try {
    const address = parseProviderPathParts(params)
    return params.hostname === undefined ? { ...address, hostname: SELF_HOSTNAME } : address
  } catch (error) {
    throw error instanceof AddressError ? invalidAddress(params, error) : error
  }
}

function invalidAddress({ namespace, type }: ProviderParams, cause: AddressError): RegistryError {
  return new RegistryError('INVALID_ADDRESS', `Cannot read provider "${namespace}/${type}": ${cause.reason}`, {
    hint: 'A provider address is [HOSTNAME/]NAMESPACE/TYPE',
    cause,
  })
}

/** Reads a version out of a path; `1.0` is read as `1.0.0`, as the clients do. */
export function readVersion(text: string): string {
  const version = canonicalVersion(text)
  if (version !== undefined) return version
  throw new RegistryError('INVALID_VERSION', `Cannot read version "${text}": it is not a semantic version`, {
    hint: 'A version looks like 1.2.3 or 1.2.3-rc.1',
  })
}

/** What is held of a provider, and what its upstream offers besides when it may be asked on demand. */
export interface ProviderAnswer extends CacheAnswer<CatalogProvider> {
  readonly offered?: OfferedProvider | undefined
}

type ResolveDeps = Pick<RegistryDeps, 'catalog' | 'onDemand'>

/**
 * The provider that `/v1/providers/NAMESPACE/TYPE` means: one published here; else, for a namespace that nobody has claimed
 * here, one cached from `providers.default_hostname` (C10).
 * @param wanted version as the path has it; see `ProvidersOnDemand.find`.
 */
export async function findRegistryProvider(
  deps: ResolveDeps & Pick<RegistryDeps, 'config'>,
  params: ProviderParams,
  wanted?: string,
): Promise<ProviderAnswer> {
  const { catalog, config } = deps
  const address = readAddress(params)
  const own = await catalog.find(address)
  const origin = config.providers.defaultHostname
  if (own.found !== undefined || origin === '') return own
  if (await catalog.isClaimed(address.namespace)) return own
  return withOffers(deps, { ...address, hostname: origin }, wanted)
}

/**
 * The provider that the mirror path means. Our own host name stands for the providers published here, so that one lock file
 * works through registry and mirror alike.
 */
export function findMirroredProvider(
  deps: ResolveDeps,
  request: FastifyRequest<{ Params: ProviderParams & { readonly hostname: string } }>,
  wanted?: string,
): Promise<ProviderAnswer> {
  const address = readAddress(request.params)
  if (address.hostname === ownHostname(request)) return deps.catalog.find({ ...address, hostname: SELF_HOSTNAME })
  return withOffers(deps, address, wanted)
}

async function withOffers({ catalog, onDemand }: ResolveDeps, address: ProviderAddress, wanted?: string): Promise<ProviderAnswer> {
  const answer = await catalog.find(address)
  if (onDemand === undefined) return answer
  const offered = await onDemand.find(address, {
    held: answer.found,
    ...(wanted !== undefined && { wanted: readVersion(wanted) }),
  })
  return { found: answer.found, staleSeconds: Math.max(answer.staleSeconds, offered?.staleSeconds ?? 0), offered }
}

const hostnames = new LRUCache<string, string>({ max: 100 })

/** A client-chosen `Host` is good enough here: it only says which of our own providers are asked for. */
function ownHostname(request: FastifyRequest): string {
  const base = publicBaseUrl(request)
  if (base === '') return request.hostname.toLowerCase()
  const known = hostnames.get(base)
  if (known !== undefined) return known
  const { hostname } = new URL(base)
  hostnames.set(base, hostname)
  return hostname
}

/**
 * The provider, or the 404 that makes the CLI say "does not have a provider named": the same for one that the actor may not read
 * and for one that does not exist.
 */
export function requireProvider(
  { found }: CacheAnswer<CatalogProvider>,
  { actor, params: { namespace, type } }: { readonly actor: Actor; readonly params: ProviderParams },
): CatalogProvider {
  if (found !== undefined && mayRead(actor, 'providers', found.namespace)) return found
  throw new RegistryError('PROVIDER_NOT_FOUND', `Cannot find provider "${namespace}/${type}": this registry does not hold it`, {
    hint: 'A mirrored provider is read at /v1/mirror/HOSTNAME/NAMESPACE/TYPE/index.json; load it with: terrace mirror load FILE',
  })
}

/** The version, unless it is unknown, blocked, or has nothing left to serve. */
export function requireVersion(provider: CatalogProvider, text: string): CatalogVersion {
  const version = provider.byVersion.get(readVersion(text))
  if (version !== undefined && !version.blocked && version.packages.length > 0) return version
  const { namespace, type } = provider.address
  throw new RegistryError('PROVIDER_VERSION_NOT_FOUND', `Cannot find "${namespace}/${type}" "${text}": no such version is served`, {
    hint: `The versions are at /v1/providers/${namespace}/${type}/versions`,
  })
}
