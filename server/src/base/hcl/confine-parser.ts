import { limitWasmMemory } from './limit-wasm-memory.ts'

export interface ParserLimits {
  readonly maxMemoryBytes: number
  /** The parser's runtime has given up, for want of memory or by a defect. It never answers again. */
  readonly onCrash: () => void
}

interface WasmRuntime {
  instantiate(wasm: Uint8Array, imports: unknown): Promise<unknown>
}

/** What the runtime of a program written in Go looks for in a file system before it starts. */
const CONSTANTS = { O_WRONLY: -1, O_RDWR: -1, O_CREAT: -1, O_TRUNC: -1, O_APPEND: -1, O_EXCL: -1, O_DIRECTORY: -1 }

/**
 * Takes from the HCL parser what it does not need; to be called in its thread, before it is loaded. It is a WebAssembly program that
 * brings its own memory, which the limits of a thread do not cover, and whose loader hands it the whole file system.
 */
export function confineParser({ maxMemoryBytes, onCrash }: ParserLimits): void {
  const runtime = (globalThis as unknown as { WebAssembly: WasmRuntime }).WebAssembly
  const instantiate = runtime.instantiate.bind(runtime)
  runtime.instantiate = (wasm, imports) => instantiate(limitWasmMemory(wasm, maxMemoryBytes), imports)
  // The parser writes nothing but crash reports, straight to the standard error of the process.
  const writeSync = (_descriptor: number, bytes: Uint8Array): number => {
    onCrash()
    return bytes.length
  }
  // The loader's own assignment has no effect.
  Object.defineProperty(globalThis, 'fs', { get: () => ({ constants: CONSTANTS, writeSync }), set: () => undefined })
}
