import type { AddressGuard } from './address-guard.ts'
import { allowedAddresses, type ResolveAddresses, resolveByDns } from './dispatchers.ts'
import { blockedError, ConnectionError, transportError } from './outbound-errors.ts'
import { literalAddress } from './outbound-url.ts'

interface AddressesDeps {
  readonly guard: AddressGuard
  readonly proxyUrl?: string | undefined
  readonly resolveAddresses?: ResolveAddresses | undefined
}

/** `Outbound.addressesOf`. */
export async function addressesOf(deps: AddressesDeps, url: URL): Promise<readonly string[] | undefined> {
  const { guard, proxyUrl = '', resolveAddresses = resolveByDns } = deps
  const literal = literalAddress(url)
  if (literal !== undefined && !guard.allows(literal)) throw blockedError(url.host, literal)
  if (literal !== undefined || proxyUrl !== '') return undefined
  try {
    return (await allowedAddresses({ guard, resolveAddresses }, url.hostname)).map(({ address }) => address)
  } catch (error) {
    throw transportError(new ConnectionError(url, error as Error))
  }
}
