import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { SELF_HOSTNAME } from './provider-queries.ts'

/** A provider as people write it: with its hostname, or without one when it is published here. */
export function displayProvider(address: ProviderAddress): string {
  return address.hostname === SELF_HOSTNAME ? `${address.namespace}/${address.type}` : formatProviderAddress(address)
}
