import { isIP } from 'node:net'
import { AddressError, parseHostname } from '@terrace/protocol/addresses.ts'

/** Host name in lower case and Punycode; undefined when the text is none. One with a port is none. */
export function canonicalHostname(text: string): string | undefined {
  try {
    return parseHostname(text)
  } catch (error) {
    if (error instanceof AddressError) return undefined
    throw error
  }
}

/** What is wrong with an address that must be `http(s)://HOST[:PORT]` and nothing more; undefined when nothing is. */
export function originProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an address like https://registry.example.com'
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://'
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'must not go on after the host and port'
  return undefined
}

/** What is wrong with an address that must be `http(s)://[USER:PASSWORD@]HOST[:PORT]`; undefined when nothing is. */
export function proxyProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an address like http://proxy.example.com:3128'
  const url = new URL(text)
  url.username = ''
  url.password = ''
  return originProblem(url.href)
}

/** Address range `ADDRESS/BITS`, or one address; the number of fixed bits, or undefined when the text is neither. */
export function networkBits(text: string): number | undefined {
  const [address = '', bits, ...rest] = text.split('/')
  const width = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  if (width === 0 || rest.length > 0) return undefined
  if (bits === undefined) return width
  return /^\d{1,3}$/.test(bits) && Number(bits) <= width ? Number(bits) : undefined
}
