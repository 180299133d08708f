import { BlockList, isIP } from 'node:net'

type Family = 'ipv4' | 'ipv6'

/** Decides which IP addresses the server may connect to. */
export interface AddressGuard {
  /** `true` for a public unicast address and for one inside an allowed network; anything that is no IP address is refused. */
  allows(address: string): boolean
}

/**
 * Everything that is not public unicast, from the IANA special-purpose registries.
 * Source: https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const REFUSED_NETWORKS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/8',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

/** Prefixes, as eight groups, whose last 32 bits are the IPv4 address that is really contacted: v4-mapped and NAT64. */
const EMBEDDING_PREFIXES = ['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0']

/**
 * @param allowedNetworks CIDRs or single addresses that are contacted although they are not public.
 * @throws {TypeError} when one of them is neither.
 */
export function createAddressGuard(allowedNetworks: readonly string[]): AddressGuard {
  const refused = networkSet(REFUSED_NETWORKS)
  const allowed = networkSet(allowedNetworks)
  return {
    allows(text) {
      const address = embeddedIpv4(withoutZone(text)) ?? withoutZone(text)
      const family = familyOf(address)
      if (family === undefined) return false
      return allowed[family].check(address, family) || !refused[family].check(address, family)
    },
  }
}

/** `10.0.0.0/8`, `fd00::/8`, or one address: the form of `outbound.allowed_networks`. */
export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined
}

/** One list per family, because a BlockList compares IPv4 addresses with the v4-mapped part of IPv6 networks too. */
function networkSet(networks: readonly string[]): Record<Family, BlockList> {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of networks) {
    const network = parseNetwork(text)
    if (network === undefined) throw new TypeError(`"${text}" is not a network such as 10.0.0.0/8`)
    lists[network.family].addSubnet(network.address, network.prefix, network.family)
  }
  return lists
}

function parseNetwork(text: string): { address: string; prefix: number; family: Family } | undefined {
  const [address = '', prefixText, ...rest] = text.split('/')
  const family = familyOf(address)
  if (family === undefined || rest.length > 0) return undefined
  const bits = family === 'ipv4' ? 32 : 128
  if (prefixText === undefined) return { address, prefix: bits, family }
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN
  return prefix <= bits ? { address, prefix, family } : undefined
}

function familyOf(address: string): Family | undefined {
  const version = isIP(address)
  if (version === 0) return undefined
  return version === 4 ? 'ipv4' : 'ipv6'
}

const withoutZone = (address: string): string => address.replace(/%.*$/, '')

function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined
  const groups = ipv6Groups(address)
  if (!EMBEDDING_PREFIXES.includes(groups.slice(0, 6).join(':'))) return undefined
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}

/** The eight groups of a valid IPv6 address, without leading zeros. */
function ipv6Groups(address: string): string[] {
  // The URL parser gives one canonical form, also for a dotted tail.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const before = head === '' ? [] : head.split(':')
  if (tail === undefined) return before
  const after = tail === '' ? [] : tail.split(':')
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}
