import { DISCOVERY_PATH, DiscoveryError, resolveServiceUrl, UpstreamDiscoveryDocument } from '@terrace/protocol/discovery.ts'
import { LRUCache } from 'lru-cache'
import { Compile } from 'typebox/compile'
import type { Clock } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Outbound, ReceivedBytes } from '../../base/outbound/outbound.ts'
import { unusableAnswer } from '../../base/outbound/outbound-errors.ts'
import { readDocument } from './read-document.ts'
import { explainRefusal } from './upstream-errors.ts'

/** Another way to one upstream, from the configuration. */
export interface UpstreamSettings {
  /** Stands in for `https://HOSTNAME`; a path is kept. */
  readonly url?: string | undefined
  /** PEM file of CAs that are trusted beside the usual ones for everything that this upstream refers to. */
  readonly caFile?: string | undefined
}

export interface DiscoveryOptions {
  readonly outbound: Outbound
  /** By canonical host name. */
  readonly upstreams: Readonly<Record<string, UpstreamSettings>>
  readonly clock: Clock
}

/** Where a service of a host is; always ends in `/` or loses its last segment, as with Terraform. */
export type FindServiceUrl = (hostname: string) => Promise<URL>

/** What is looked for, by the name that the protocol gives it. */
export type RegistryService = 'providers.v1' | 'modules.v1'

const MAX_DOCUMENT_BYTES = 1024 * 1024
const MAX_REDIRECTS = 3
const KEPT_MS = 10 * 60 * 1000
const MAX_KEPT = 1000

const discoveryDocument = Compile(UpstreamDiscoveryDocument)

/**
 * Service discovery with a memory: an answer is used for ten minutes, and requests that overlap share one look-up. Failures are
 * not kept. Source: protocol.md 1.3, 1.5.
 */
export function createServiceDiscovery(options: DiscoveryOptions, service: RegistryService = 'providers.v1'): FindServiceUrl {
  const kept = new LRUCache<string, { readonly url: Promise<URL>; readonly untilMs: number }>({ max: MAX_KEPT })
  return (hostname) => {
    const known = kept.get(hostname)
    if (known !== undefined && options.clock.now() < known.untilMs) return known.url
    const url = discover(options, service, hostname)
    kept.set(hostname, { url, untilMs: options.clock.now() + KEPT_MS })
    url.catch(() => {
      if (kept.peek(hostname)?.url === url) kept.delete(hostname)
    })
    return url
  }
}

async function discover({ outbound, upstreams }: DiscoveryOptions, service: RegistryService, hostname: string): Promise<URL> {
  const { url: origin = `https://${hostname}`, caFile } = upstreams[hostname] ?? {}
  const request = { maxBytes: MAX_DOCUMENT_BYTES, maxRedirects: MAX_REDIRECTS, accept: 'application/json' }
  const address = `${origin.replace(/\/+$/, '')}${DISCOVERY_PATH}`
  try {
    const received = await outbound.getBytes(address, { ...request, ...(caFile === undefined ? {} : { caFile }) })
    return readServiceUrl(received, { service, hostname })
  } catch (error) {
    throw explainRefusal(error, noService({ service, hostname }, 'the host has no service discovery'))
  }
}

interface WantedService {
  readonly service: RegistryService
  readonly hostname: string
}

function readServiceUrl(received: ReceivedBytes, wanted: WantedService): URL {
  const { finalUrl, headers } = received
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json')
    throw unusableAnswer(finalUrl, 'its content type is not application/json', { reason: 'content_type' })
  const url = serviceUrl(readDocument(received, discoveryDocument), { ...wanted, documentUrl: finalUrl })
  // The keys that sign packages come from there: a service in clear text could be swapped on the way.
  if (finalUrl.protocol === 'https:' && url.protocol === 'http:')
    throw unusableAnswer(finalUrl, `its ${NAMES[wanted.service].one} registry is on http, not https`)
  return url
}

function serviceUrl(document: UpstreamDiscoveryDocument, from: WantedService & { readonly documentUrl: URL }): URL {
  try {
    return new URL(resolveServiceUrl(document, from.service, from.documentUrl.href))
  } catch (error) {
    if (error instanceof DiscoveryError) throw noService(from, error.reason)
    throw error
  }
}

const NAMES = {
  'providers.v1': { one: 'provider', many: 'providers' },
  'modules.v1': { one: 'module', many: 'modules' },
} as const

const noService = ({ service, hostname }: WantedService, reason: string): RegistryError =>
  new RegistryError('UPSTREAM_REFUSED', `Cannot use "${hostname}" as an upstream for ${NAMES[service].many}: ${reason}`, {
    hint: `Check the host name in the ${NAMES[service].one} address`,
    detail: { hostname, reason: 'no_service' },
  })
