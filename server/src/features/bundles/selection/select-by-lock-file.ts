import { lockAddress } from '@terrace/protocol/lock-file.ts'
import { readLockFile, readRequirement } from '../../lock-file/index.ts'
import type { Asker, Selection } from './wanted.ts'

/** Every version that a lock file names. @throws {RegistryError} INVALID_CONFIGURATION, INVALID_ADDRESS */
export async function selectByLockFile(
  { own }: Asker,
  { text, platforms }: { readonly text: string; readonly platforms: readonly string[] },
): Promise<Selection> {
  const { blocks } = await readLockFile(text)
  // A lock file may have addresses that nobody could ask this registry for; they are read as strictly as any others.
  const providers = [...blocks.values()].map((block) => ({
    address: readRequirement({ source: lockAddress(block), version: '' }, own).address,
    version: block.version,
    platforms,
  }))
  return { providers, modules: [], missing: [] }
}
