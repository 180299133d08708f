import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import type { NetworkTest } from './client-address.ts'

declare module 'fastify' {
  interface FastifyInstance {
    findPublicBaseUrl: (request: FastifyRequest) => string
  }
}

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

function lastValue(header: string | string[] | undefined): string {
  const text = Array.isArray(header) ? (header.at(-1) ?? '') : (header ?? '')
  return text.slice(text.lastIndexOf(',') + 1).trim()
}

function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

function isThisMachine(host: string, localAddress: string | undefined): boolean {
  const hostname = hostnameOf(host).toLowerCase()
  if (hostname === 'localhost' || hostname === '::1' || hostname.startsWith('127.')) return hostname === 'localhost' || isIP(hostname) !== 0
  return isIP(hostname) !== 0 && (hostname === localAddress || `::ffff:${hostname}` === localAddress)
}

/**
 * Makes the function behind `publicBaseUrl`. A `Host` that the client can choose freely never gets into an address that we hand
 * out: only the configured URL, what a trusted proxy says, and names of this very machine do (reliability.md row 36).
 */
export function createPublicBaseUrl(options: { readonly publicUrl: string; readonly isTrustedProxy: NetworkTest }) {
  const configured = options.publicUrl.replace(/\/+$/, '')
  return (request: FastifyRequest): string => {
    if (configured !== '') return configured
    const { headers, socket } = request.raw
    if (headers['x-forwarded-host'] !== undefined && options.isTrustedProxy(socket.remoteAddress)) return forwardedBase(headers)
    return ownBase(request.raw)
  }
}

function ownBase({ headers, socket }: FastifyRequest['raw']): string {
  const host = headers.host ?? ''
  if (!HOST.test(host) || !isThisMachine(host, socket.localAddress)) return ''
  return `${(socket as TLSSocket).encrypted === true ? 'https' : 'http'}://${host}`
}

function forwardedBase(headers: FastifyRequest['raw']['headers']): string {
  const host = lastValue(headers['x-forwarded-host'])
  const scheme = lastValue(headers['x-forwarded-proto']).toLowerCase()
  return HOST.test(host) && (scheme === 'https' || scheme === 'http') ? `${scheme}://${host.toLowerCase()}` : ''
}

/**
 * Scheme and host to put before a rooted path, without a slash at the end; empty when none is known for certain, the rooted path
 * then stands alone and is right for every client.
 */
export function publicBaseUrl(request: FastifyRequest): string {
  return request.server.findPublicBaseUrl(request)
}
