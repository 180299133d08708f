import { readFile } from 'node:fs/promises'
import type { Config } from '../../config/config-schema.ts'
import { readSigningKey } from '../verification/index.ts'

/** Where keys belong. */
export interface KeyScope {
  readonly hostname: string
  readonly namespace: string
}

/** The provider whose packages a key would sign. */
export interface SignedProvider extends KeyScope {
  readonly type: string
}

/** Signing keys that the configuration names (`providers.trusted_keys`). */
export interface TrustedKeys {
  /** Armored keys for `hostname/namespace/type`, else for `hostname/namespace`, else for `hostname`; empty when none is named. */
  forProvider(provider: SignedProvider): readonly string[]
}

/**
 * Reads the key files once.
 * @throws {Error} naming the setting and the file, when one cannot be read or is no usable public key.
 */
export async function loadTrustedKeys(entries: Config['providers']['trustedKeys']): Promise<TrustedKeys> {
  const byScope = new Map<string, string[]>()
  for (const { scope, file } of entries) {
    const armor = await readKeyFile(scope, file)
    byScope.set(scope.toLowerCase(), [...(byScope.get(scope.toLowerCase()) ?? []), armor])
  }
  return {
    forProvider: ({ hostname, namespace, type }) =>
      byScope.get(`${hostname}/${namespace}/${type}`) ?? byScope.get(`${hostname}/${namespace}`) ?? byScope.get(hostname) ?? [],
  }
}

async function readKeyFile(scope: string, file: string): Promise<string> {
  try {
    const { asciiArmor } = await readSigningKey(await readFile(file, 'utf8'))
    return asciiArmor
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`Setting "providers.trusted_keys" for "${scope}": cannot use "${file}": ${reason}`, { cause })
  }
}
