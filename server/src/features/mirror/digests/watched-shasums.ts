import type { MirrorDeps } from '../mirror-deps.ts'
import { createShasumsReader, type ShasumsReader } from '../verified-shasums.ts'
import { watchDigests } from './watch-digests.ts'

/** A reader of lists that compares each one it has read with what is held, once: see {@link watchDigests}. */
export function createWatchedReader(deps: MirrorDeps): ShasumsReader {
  const read = createShasumsReader(deps)
  const compared = new WeakSet<object>()
  return async (wanted, document, options) => {
    const list = await read(wanted, document, options)
    if (!compared.has(list.entries)) {
      compared.add(list.entries)
      await watchDigests(deps, wanted, list)
    }
    return list
  }
}
