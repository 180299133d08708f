import { expect, test } from 'vitest'
import { limitWasmMemory } from './limit-wasm-memory.ts'

test('a WebAssembly binary with limited memory is one, and its memory does not grow beyond the limit', async () => {
  // (module (memory (export "m") 1))
  const binary = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 109, 2, 0])
  const memoryOf = async (wasm: Uint8Array) => {
    const { WebAssembly: runtime } = globalThis as unknown as {
      WebAssembly: { instantiate(wasm: Uint8Array): Promise<{ instance: { exports: { m: { grow(pages: number): number } } } }> }
    }
    return (await runtime.instantiate(wasm)).instance.exports.m
  }
  expect((await memoryOf(binary)).grow(300)).toBe(1)
  const limited = await memoryOf(limitWasmMemory(binary, 256 * 65_536))
  expect(limited.grow(255)).toBe(1)
  expect(() => limited.grow(1)).toThrow(RangeError)
})
