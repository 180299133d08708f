import { AddressError, parseProviderAddress } from '@terrace/protocol/addresses.ts'
import { RegistryError } from '../../base/errors.ts'
import type { SigningKey } from '../verification/index.ts'
import type { KeyScope, SignedProvider } from './trusted-keys.ts'

/** What a key may sign. */
export interface SigningScope extends KeyScope {
  /** The only provider; empty: all of the namespace. */
  readonly type: string
}

const SELF = '_self'

/** What a key may sign, as people write it: `HOST/NAMESPACE`, or `HOST/NAMESPACE/TYPE` for one provider only. */
export function formatKeyScope({ hostname, namespace, type }: SigningScope): string {
  return type === '' ? `${hostname}/${namespace}` : `${hostname}/${namespace}/${type}`
}

/**
 * The other way round, in any case; `_self` is the host name of what is published here.
 * @throws {RegistryError} RULE_BROKEN
 */
export function parseKeyScope(text: string): SigningScope {
  const [host = '', namespace = '', type, ...rest] = text.split('/')
  try {
    if (rest.length > 0) throw new AddressError(text, 'it has too many parts')
    const address = parseProviderAddress(`${host === SELF ? 'self.invalid' : host}/${namespace}/${type ?? 'all'}`)
    return { ...address, ...(host === SELF && { hostname: SELF }), ...(type === undefined && { type: '' }) }
  } catch (error) {
    throw error instanceof AddressError ? unreadableScope(text, error) : error
  }
}

function unreadableScope(text: string, { reason }: AddressError): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot use "${text}" as the scope of a signing key: ${reason}`, {
    hint: 'Write HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider; _self is the host of what is published here',
  })
}

/** What a row says of the key itself. */
export function columnsOf(key: SigningKey) {
  const { fingerprint, keyId, userId, asciiArmor, expiresAt = null } = key
  return { fingerprint, keyId, userId, asciiArmor, expiresAt }
}

/** How the audit names a key. */
export function describeKey(key: SigningScope & { readonly fingerprint: string }): string {
  return `${formatKeyScope(key)} ${key.fingerprint}`
}

/** Whether what belongs to the scope is valid for the provider. */
export function isInScope(scope: SigningScope, provider: SignedProvider): boolean {
  const isSameNamespace = scope.hostname === provider.hostname && scope.namespace === provider.namespace
  return isSameNamespace && (scope.type === '' || scope.type === provider.type)
}
