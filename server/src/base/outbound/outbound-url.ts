import { isIP } from 'node:net'
import { RegistryError } from '../errors.ts'

/**
 * An absolute http or https URL that may be asked; a relative text is resolved against `base`, the fragment is dropped.
 * @throws {RegistryError} UPSTREAM_REFUSED for anything else: other schemes, user and password, text that is no URL.
 */
export function parseOutboundUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base)
  if (url === null) throw refusedUrl(text, 'it is not a URL')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refusedUrl(text, 'only http and https are supported')
  if (url.username !== '' || url.password !== '') throw refusedUrl(url, 'it carries a user name or password')
  url.hash = ''
  return url
}

/** The form for messages and logs: scheme, host and path. A query may be a signature, user information a password: both are left out. */
export function displayUrl(url: URL | string): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : url
  if (parsed === null) return typeof url === 'string' ? url.replace(/[?#].*$/s, '').slice(0, 200) : ''
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`
}

/** The IP address that the host part of a URL spells out, or `undefined` when it is a name. */
export function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return isIP(host) === 0 ? undefined : host
}

function refusedUrl(url: URL | string, state: string): RegistryError {
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_REFUSED', `Cannot fetch "${shown}": ${state}`, { detail: { url: shown } })
}
