import { systemClock } from '../base/clock.ts'
import { createLinkSigner } from '../base/storage/link-signer.ts'
import { objectStoreContract } from '../base/storage/object-store.contract.ts'
import { createMemoryObjectStore } from './memory-object-store.ts'

objectStoreContract('memory', async () => ({
  store: createMemoryObjectStore(createLinkSigner({ key: new Uint8Array(32), clock: systemClock })),
  dispose: async () => undefined,
}))
