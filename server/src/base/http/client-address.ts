import { BlockList, isIP, isIPv6 } from 'node:net'

const MAPPED_V4 = '::ffff:'

function withoutMapping(address: string): string {
  return address.startsWith(MAPPED_V4) && address.includes('.') ? address.slice(MAPPED_V4.length) : address
}

/** Tells whether an address belongs to one of the networks. */
export type NetworkTest = (address: string | undefined) => boolean

/**
 * A test for membership in networks given as CIDR or single address.
 *
 * @throws {TypeError} naming the entry that is neither.
 */
export function networkTest(networks: readonly string[]): NetworkTest {
  const list = new BlockList()
  for (const network of networks) addNetwork(list, network)
  return (address) => {
    if (address === undefined) return false
    const plain = withoutMapping(address)
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', bits] = network.split('/')
  const version = isIP(address)
  const maxBits = version === 6 ? 128 : 32
  const prefix = bits === undefined ? maxBits : Number(bits)
  if (version === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > maxBits) {
    throw new TypeError(`Cannot use network "${network}": it is neither an address nor a CIDR`)
  }
  list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4')
}

function firstGroups(address: string): string {
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const tailGroups = tail === '' ? [] : tail.split(':')
    while (groups.length + tailGroups.length < 8) groups.push('0')
    groups.push(...tailGroups)
  }
  return groups.slice(0, 4).join(':')
}

/** What rate limits count by: the IPv4 address, or the /64 of an IPv6 address, since a caller usually owns all of it. */
export function clientKey(address: string): string {
  if (!address.includes(':')) return address
  const plain = withoutMapping(address)
  return isIPv6(plain) ? `${firstGroups(plain)}::/64` : plain
}
