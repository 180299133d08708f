import { expect, onTestFinished } from 'vitest'
import { RegistryError } from '../base/errors.ts'
import type { ObjectReader, ServableStore } from '../base/storage/object-store.ts'

/** What a store across a network may do, in the words of its interface. */
export type StoreFault = {
  /** Only so often; without it, until the end. */
  readonly times?: number
} & (
  | { readonly on: 'put'; readonly kind: 'busy' | 'error' | 'full' | 'stored but not told' }
  | { readonly on: 'open'; readonly kind: 'busy' | 'error' | 'lost' }
  | { readonly on: 'read'; readonly kind: 'error' | 'stall' | 'short' | 'wrong' }
)

/** A store that can be made to fail. */
export interface StoreFaults {
  wrap(store: ServableStore): ServableStore
  /** From now until the test ends, which fails if the fault was never met: it has then proved nothing. */
  poison(fault: StoreFault): void
  /** Ends the fault; reads that stand still go on. */
  heal(): void
  hits(): number
}

/**
 * Faults between the server and its store. What the store knows of the bytes that it has written is hidden, as behind a store that many
 * processes write to, so that every first read is checked.
 */
export function createStoreFaults(): StoreFaults {
  let fault: StoreFault | undefined
  let hits = 0
  let stalled = Promise.withResolvers<void>()
  const heal = (): void => {
    fault = undefined
    stalled.resolve()
  }
  const meet = (on: StoreFault['on']): StoreFault['kind'] | undefined => {
    if (fault?.on !== on || hits >= (fault.times ?? Number.POSITIVE_INFINITY)) return undefined
    hits += 1
    return fault.kind
  }
  const read = async (reader: ObjectReader, buffer: Uint8Array, position: number): Promise<number> => {
    const kind = meet('read')
    if (kind === 'error') throw storeFailure('error', reader.head.key)
    if (kind === 'stall') await stalled.promise
    const filled = await reader.read(buffer, position)
    if (kind === 'wrong') buffer[0] = (buffer[0] ?? 0) ^ 1
    return kind === 'short' ? filled >> 1 : filled
  }
  return {
    hits: () => hits,
    heal,
    poison(next) {
      fault = next
      hits = 0
      stalled = Promise.withResolvers()
      onTestFinished(() => {
        heal()
        expect(hits, `the fault "${next.on} ${next.kind}" was never met`).toBeGreaterThan(0)
      })
    },
    wrap: (store) => ({
      ...store,
      async putFile(key, path, file) {
        const kind = meet('put')
        if (kind !== undefined && kind !== 'stored but not told') throw storeFailure(kind, key)
        const outcome = await store.putFile(key, path, file)
        if (kind !== undefined) throw storeFailure('busy', key)
        return outcome
      },
      async open(key) {
        const kind = meet('open')
        if (kind === 'lost') return undefined
        if (kind !== undefined) throw storeFailure(kind, key, { retryAfterSeconds: 1 })
        const reader = await store.open(key)
        const { head, close } = reader ?? {}
        return reader && head && close && { head, close, read: (buffer, position) => read(reader, buffer, position) }
      },
    }),
  }
}

function storeFailure(kind: StoreFault['kind'], key: string, options: { readonly retryAfterSeconds?: number } = {}): RegistryError {
  if (kind === 'full') return new RegistryError('STORAGE_FULL', `Cannot store "${key}": the storage is full`)
  if (kind === 'error') return new RegistryError('STORAGE_ERROR', `Cannot use "${key}": the storage answered 500`)
  return new RegistryError('STORAGE_UNAVAILABLE', `Cannot use "${key}": the storage answered 503 SlowDown`, options)
}
