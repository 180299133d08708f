import { AddressError, parseHostname, parseProviderAddress } from '@terrace/protocol/addresses.ts'
import type { LockBlock } from '@terrace/protocol/lock-file.ts'
import type { FastifyRequest } from 'fastify'
import { RegistryError } from '../../../base/errors.ts'
import { publicBaseUrl } from '../../../base/http/public-base-url.ts'

/** A provider as lock files name it: the host name may carry a port when it is ours. */
export type LockAddress = Pick<LockBlock, 'hostname' | 'namespace' | 'type'>

/** Under which name the asker knows us: what is published here has it in its address. */
export function ownHostname(request: FastifyRequest): string {
  const base = publicBaseUrl(request)
  return base === '' ? request.hostname.toLowerCase() : new URL(base).hostname
}

/**
 * Reads `[HOST/]NAMESPACE/TYPE`. Only our own host name may have a port: no other provider with one can be held here.
 * @throws {RegistryError} INVALID_ADDRESS
 */
export function readLockAddress(text: string, own: string): LockAddress {
  try {
    const [, hostname = '', port = '', rest = ''] = /^([^/:]+):(\d{1,5})\/(.*)$/s.exec(text) ?? []
    if (port === '' || port === '443' || parseHostname(hostname) !== own) return parseProviderAddress(text)
    return { ...parseProviderAddress(`${hostname}/${rest}`), hostname: `${own}:${port}` }
  } catch (error) {
    throw error instanceof AddressError ? invalidAddress(error) : error
  }
}

/** The host name without a port. */
export function bareHostname({ hostname }: LockAddress): string {
  return hostname.replace(/:\d+$/, '')
}

function invalidAddress(cause: AddressError): RegistryError {
  return new RegistryError('INVALID_ADDRESS', cause.message, { hint: 'A provider address is [HOSTNAME/]NAMESPACE/TYPE', cause })
}
