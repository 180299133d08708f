import { type Static, Type } from 'typebox'
import { decodePunycode } from './punycode.ts'
import { quote } from './quote.ts'

/** Host that Terraform means when a provider address names none. Source: protocol.md 1.1. */
export const DEFAULT_HOSTNAME = 'registry.terraform.io'

const MAX_HOSTNAME_LENGTH = 253
const MAX_PART_LENGTH = 64
const LABEL = '[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?'
const PART = '[0-9a-z]+(?:-[0-9a-z]+)*'
const HOSTNAME_PATTERN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)
const PART_PATTERN = new RegExp(`^${PART}$`)
const ASCII_PATTERN = /^[!-~]*$/

/**
 * A provider's name in canonical form: everything lower case, an international host name as Punycode, no port.
 * Two spellings of one provider have equal addresses.
 */
export const ProviderAddress = Type.Object({
  hostname: Type.String({ pattern: HOSTNAME_PATTERN.source, maxLength: MAX_HOSTNAME_LENGTH }),
  namespace: Type.String({ pattern: PART_PATTERN.source, maxLength: MAX_PART_LENGTH }),
  type: Type.String({ pattern: `^(?!terraform-)${PART}$`, maxLength: MAX_PART_LENGTH }),
})
export type ProviderAddress = Static<typeof ProviderAddress>

/** Text that is not a provider address. `reason` alone is a phrase without the text, for lists of problems. */
export class AddressError extends Error {
  readonly reason: string

  constructor(text: string, reason: string) {
    super(`Cannot read provider address ${quote(text)}: ${reason}`)
    this.name = 'AddressError'
    this.reason = reason
  }
}

export interface AddressOptions {
  /** Host of addresses that name none; canonical form. */
  readonly defaultHostname?: string
}

/** Parts of an address as a URL path gives them, percent-decoded. */
export interface ProviderPathParts {
  readonly hostname?: string | undefined
  readonly namespace: string
  readonly type: string
}

/**
 * Reads `[HOST/]NAMESPACE/TYPE` in any case; a lone `TYPE` means `hashicorp/TYPE` on registry.terraform.io, as in Terraform.
 * Namespace and type are ASCII here: the protocol would allow other letters, but no registry uses them and look-alikes deceive.
 * Source: protocol.md 3.1.
 * @throws {AddressError}
 */
export function parseProviderAddress(text: string, options: AddressOptions = {}): ProviderAddress {
  if (text.includes('://')) throw new AddressError(text, 'it is a URL, not [HOST/]NAMESPACE/TYPE')
  const parts = text.split('/')
  const [first = '', second = '', third = ''] = parts
  if (parts.length === 1) return readParts(text, { hostname: DEFAULT_HOSTNAME, namespace: 'hashicorp', type: first })
  if (parts.length === 2) return readParts(text, { hostname: options.defaultHostname ?? DEFAULT_HOSTNAME, namespace: first, type: second })
  if (parts.length === 3) return readParts(text, { hostname: first, namespace: second, type: third })
  throw new AddressError(text, `it has ${parts.length} parts, not [HOST/]NAMESPACE/TYPE`)
}

/**
 * The address that the parameters of a request path name. Accepts the host name in Unicode or Punycode and any case.
 * @throws {AddressError}
 */
export function parseProviderPathParts(parts: ProviderPathParts, options: AddressOptions = {}): ProviderAddress {
  const hostname = parts.hostname ?? options.defaultHostname ?? DEFAULT_HOSTNAME
  return readParts(`${hostname}/${parts.namespace}/${parts.type}`, { ...parts, hostname })
}

/** `HOST/NAMESPACE/TYPE`, always with the host: also the path of the provider in a network mirror. Source: protocol.md 4.1. */
export function formatProviderAddress(address: ProviderAddress): string {
  return `${address.hostname}/${address.namespace}/${address.type}`
}

/**
 * The canonical form of a host name: lower case, Punycode, without `:443`.
 * @throws {AddressError} also for any other port: terraform cannot mirror such providers (protocol.md D18).
 */
export function parseHostname(text: string): string {
  return canonicalHostname(text, text)
}

/**
 * A canonical host name for people: Unicode instead of Punycode. A label is left alone when it does not decode to text that
 * would be encoded to the same label again.
 */
export function displayHostname(hostname: string): string {
  return hostname
    .split('.')
    .map((label) => {
      const decoded = label.startsWith('xn--') ? decodePunycode(label.slice('xn--'.length)) : undefined
      return decoded !== undefined && toPunycode(decoded) === label ? decoded : label
    })
    .join('.')
}

function canonicalHostname(hostname: string, text: string): string {
  const bare = hostname.replace(/:443$/, '')
  if (/:\d*$/.test(bare)) throw new AddressError(text, 'a host with a port is not supported, because no mirror can serve it')
  const canonical = isPlainName(bare) ? toPunycode(bare) : undefined
  if (canonical === undefined || !HOSTNAME_PATTERN.test(canonical) || canonical.length > MAX_HOSTNAME_LENGTH) {
    throw new AddressError(text, `${quote(hostname)} is not a host name`)
  }
  // The URL parser reads `127.1` as an IPv4 address; a name must never become an address that it does not show.
  const rewritten = ASCII_PATTERN.test(bare) ? canonical !== bare.toLowerCase() : /^[\d.]+$/.test(canonical)
  if (rewritten) throw new AddressError(text, `${quote(hostname)} is not a host name`)
  return canonical
}

/** True when the URL parser will take the whole text for the host. */
function isPlainName(hostname: string): boolean {
  return hostname.length <= MAX_HOSTNAME_LENGTH && !/[\s/\\?#@:%[\]]/.test(hostname)
}

function toPunycode(hostname: string): string | undefined {
  const url = `https://${hostname}/`
  return URL.canParse(url) ? new URL(url).hostname : undefined
}

function readParts(text: string, parts: Required<ProviderPathParts> & { hostname: string }): ProviderAddress {
  const namespace = readPart(text, 'NAMESPACE', parts.namespace)
  const type = readPart(text, 'TYPE', parts.type)
  if (type.startsWith('terraform-')) {
    const shorter = type.replace(/^terraform-(provider-)?/, '')
    throw new AddressError(text, `TYPE must not begin with "terraform-"${shorter === '' ? '' : `; did you mean ${quote(shorter)}?`}`)
  }
  return { hostname: canonicalHostname(parts.hostname, text), namespace, type }
}

function readPart(text: string, name: 'NAMESPACE' | 'TYPE', part: string): string {
  if (part === '') throw new AddressError(text, `${name} is empty`)
  if (part.length > MAX_PART_LENGTH) throw new AddressError(text, `${name} is longer than ${MAX_PART_LENGTH} characters`)
  // Checked before lower-casing, which would turn some other letters (the Kelvin sign) into ASCII ones.
  if (!/^[0-9A-Za-z-]+$/.test(part)) throw new AddressError(text, `${name} may have only letters a-z, digits and dashes`)
  const lower = part.toLowerCase()
  if (!PART_PATTERN.test(lower)) throw new AddressError(text, `${name} may have only single dashes between letters or digits`)
  return lower
}
