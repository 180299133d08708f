import { type LookupAddress, lookup as lookupDns } from 'node:dns'
import { readFileSync } from 'node:fs'
import type { LookupFunction } from 'node:net'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import { RegistryError } from '../errors.ts'
import type { AddressGuard } from './address-guard.ts'
import { blockedError } from './outbound-errors.ts'

/** Resolves a name to all its addresses; replaced in tests. */
export type ResolveAddresses = (hostname: string) => Promise<readonly LookupAddress[]>

export interface DispatchersOptions {
  readonly guard: AddressGuard
  /** Everything goes through this HTTP proxy, which then resolves the names: the guard only sees addresses written in URLs. */
  readonly proxyUrl?: string
  readonly resolveAddresses?: ResolveAddresses
}

/** One pool of connections per set of trusted certificates. */
export interface Dispatchers {
  /**
   * The pool that trusts the usual CAs, and those in `caFile` (PEM) beside them. The file is read at the first use.
   * @throws {RegistryError} UPSTREAM_REFUSED when the file cannot be read.
   */
  get(caFile?: string): Dispatcher
  close(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 5_000
/** Shorter than the idle time of common servers, so that a kept connection is seldom closed under a request. */
const KEEP_ALIVE_MS = 10_000

export function createDispatchers(options: DispatchersOptions): Dispatchers {
  const pools = new Map<string, Dispatcher>()
  return {
    get(caFile = '') {
      const known = pools.get(caFile)
      if (known !== undefined) return known
      const pool = createPool(options, caFile === '' ? undefined : trustAlso(caFile))
      pools.set(caFile, pool)
      return pool
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
      pools.clear()
    },
  }
}

function createPool({ guard, proxyUrl, resolveAddresses = resolveByDns }: DispatchersOptions, secureContext?: SecureContext): Dispatcher {
  const tls = secureContext === undefined ? {} : { secureContext }
  // HTTP/1.1 only: packages are bulk transfers, and HTTP/2 frames cost a third of the throughput.
  const pool = { allowH2: false, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, connectTimeout: CONNECT_TIMEOUT_MS }
  const connect = { timeout: CONNECT_TIMEOUT_MS, allowH2: false, ...tls }
  if (proxyUrl !== undefined && proxyUrl !== '') return new ProxyAgent({ ...pool, uri: proxyUrl, requestTls: connect })
  return new Agent({ ...pool, connect: { ...connect, lookup: guardedLookup(guard, resolveAddresses) } })
}

/**
 * A `lookup` for sockets that answers allowed addresses only. The socket connects to exactly what is answered here, so a name
 * that resolves otherwise a moment later changes nothing (reliability.md row 7).
 */
function guardedLookup(guard: AddressGuard, resolveAddresses: ResolveAddresses): LookupFunction {
  return (hostname, options, callback) => {
    allowedAddresses({ guard, resolveAddresses }, hostname).then(
      ([first, ...others]) => {
        if (options.all === true) callback(null, [first, ...others])
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
}

/**
 * The addresses of a name that may be contacted, at least one.
 * @throws {RegistryError} OUTBOUND_BLOCKED when there is none; an error of the resolver as it is
 */
export async function allowedAddresses(
  { guard, resolveAddresses }: { readonly guard: AddressGuard; readonly resolveAddresses: ResolveAddresses },
  hostname: string,
): Promise<[LookupAddress, ...LookupAddress[]]> {
  const addresses = await resolveAddresses(hostname)
  const [first, ...others] = addresses.filter(({ address }) => guard.allows(address))
  if (first === undefined) throw blockedError(hostname, addresses[0]?.address ?? 'unknown')
  return [first, ...others]
}

/** All addresses that the system's resolver knows. */
export function resolveByDns(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookupDns(hostname, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)))
  })
}

function trustAlso(caFile: string): SecureContext {
  try {
    return createSecureContext({ ca: [...getCACertificates('default'), readFileSync(caFile, 'utf8')] })
  } catch (cause) {
    throw unreadableCaFile(caFile, cause as Error)
  }
}

const unreadableCaFile = (caFile: string, cause: Error): RegistryError =>
  new RegistryError('UPSTREAM_REFUSED', `Cannot read the CA certificates "${caFile}": ${cause.message}`, {
    hint: 'Check the "ca_file" of the upstream in the configuration',
    cause,
  })
