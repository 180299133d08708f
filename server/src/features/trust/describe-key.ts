import type { SigningKeyRow } from './signing-key-queries.ts'
import type { SignedProvider } from './trusted-keys.ts'

type Scope = Pick<SigningKeyRow, 'hostname' | 'namespace' | 'type'>

/** What a key may sign, as people write it: `HOST/NAMESPACE`, or `HOST/NAMESPACE/TYPE` for one provider only. */
export function formatKeyScope({ hostname, namespace, type }: Scope): string {
  return type === '' ? `${hostname}/${namespace}` : `${hostname}/${namespace}/${type}`
}

/** How the audit names a key. */
export function describeKey(key: Scope & Pick<SigningKeyRow, 'fingerprint'>): string {
  return `${formatKeyScope(key)} ${key.fingerprint}`
}

/** Whether a key may sign the provider at all, whatever its state. */
export function isInScope(key: Scope, provider: SignedProvider): boolean {
  const isSameNamespace = key.hostname === provider.hostname && key.namespace === provider.namespace
  return isSameNamespace && (key.type === '' || key.type === provider.type)
}
