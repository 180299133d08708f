const HEADER_BYTES = 8
const MEMORY_SECTION = 5
const PAGE_BYTES = 65_536

/**
 * The WebAssembly binary with an upper limit for its memory, for a program that would else take up to 4 GB. Where the limit is
 * reached, `memory.grow` fails inside the program. A binary that has a limit already, or no memory of its own, stays as it is.
 */
export function limitWasmMemory(wasm: Uint8Array, maxBytes: number): Uint8Array {
  let offset = HEADER_BYTES
  while (offset < wasm.length) {
    const length = readNumber(wasm, offset + 1)
    if (wasm[offset] === MEMORY_SECTION)
      return replaceMemory(wasm, { start: offset, content: length.next, end: length.next + length.value }, maxBytes)
    offset = length.next + length.value
  }
  return wasm
}

interface Section {
  readonly start: number
  readonly content: number
  readonly end: number
}

/** The section holds a count (one memory at most), then a flag (1: with a limit) and the initial pages. */
function replaceMemory(wasm: Uint8Array, { start, content, end }: Section, maxBytes: number): Uint8Array {
  if (wasm[content] !== 1 || wasm[content + 1] !== 0) return wasm
  const initial = readNumber(wasm, content + 2).value
  const body = [1, 1, ...writeNumber(initial), ...writeNumber(Math.max(initial, Math.floor(maxBytes / PAGE_BYTES)))]
  return Buffer.concat([wasm.subarray(0, start), Buffer.from([MEMORY_SECTION, ...writeNumber(body.length), ...body]), wasm.subarray(end)])
}

/** Numbers are unsigned LEB128: seven bits a byte, the lowest first. */
function readNumber(bytes: Uint8Array, offset: number): { value: number; next: number } {
  let value = 0
  for (let index = offset, factor = 1; ; index += 1, factor *= 128) {
    const byte = bytes[index] ?? 0
    value += (byte % 128) * factor
    if (byte < 128) return { value, next: index + 1 }
  }
}

function writeNumber(value: number): number[] {
  return value < 128 ? [value] : [128 + (value % 128), ...writeNumber(Math.floor(value / 128))]
}
