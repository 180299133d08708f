import { formatShasums } from '@terrace/protocol/shasums.ts'
import type { Db } from '../../base/database/open-database.ts'
import { listPlatforms } from '../providers/index.ts'
import type { RegistrySigningKey } from '../trust/index.ts'

interface SignedShasums {
  readonly shasums: Uint8Array
  readonly shasumsSignature: Uint8Array
  readonly signingKeyFingerprint: string
}

/**
 * The checksum list over all platforms a version has now, signed by the registry. Deleted platforms stay on the list: it
 * says which bytes were ever published under the name.
 */
export async function signRegistryShasums(
  { registrySigningKey }: { readonly registrySigningKey: RegistrySigningKey },
  tx: Db,
  versionId: string,
): Promise<SignedShasums> {
  const platforms = await listPlatforms(tx, versionId)
  const shasums = new TextEncoder().encode(formatShasums(platforms.map(({ filename, zh }) => [filename, zh.slice('zh:'.length)] as const)))
  const { signature, fingerprint } = await registrySigningKey.sign(shasums)
  return { shasums, shasumsSignature: signature, signingKeyFingerprint: fingerprint }
}
