import { describe, expect, test } from 'vitest'
import { paddingAfter, TAR_BLOCK_BYTES, tarHeaders } from './tar-headers.ts'

const text = (bytes: Uint8Array, start: number, end: number): string =>
  new TextDecoder().decode(bytes.subarray(start, end)).replace(/\0.*$/, '')

describe('tar headers', () => {
  test('a short path stands in one block, with mode, size and a checksum, without time and owner', () => {
    const header = tarHeaders({ path: 'main.tf', size: 10, executable: false })
    expect(header.length).toBe(TAR_BLOCK_BYTES)
    expect([text(header, 0, 100), text(header, 100, 108), text(header, 124, 136), text(header, 136, 148)]).toEqual([
      'main.tf',
      '0000644',
      '00000000012',
      '00000000000',
    ])
    const unsigned = header.map((byte, index) => (index >= 148 && index < 156 ? 0x20 : byte))
    expect(Number.parseInt(text(header, 148, 154), 8)).toBe(unsigned.reduce((sum, byte) => sum + byte, 0))
  })

  test('a long path is split at a slash', () => {
    const header = tarHeaders({ path: `${'a'.repeat(90)}/${'b'.repeat(90)}`, size: 0, executable: true })
    expect([text(header, 0, 100), text(header, 345, 500), text(header, 100, 108)]).toEqual(['b'.repeat(90), 'a'.repeat(90), '0000755'])
  })

  test.each(['ö.tf', 'x'.repeat(200)])('the path %s stands in a PAX header before it', (path) => {
    const headers = tarHeaders({ path, size: 0, executable: false })
    const record = text(headers, TAR_BLOCK_BYTES, 2 * TAR_BLOCK_BYTES)
    expect([text(headers, 156, 157), record]).toEqual(['x', `${new TextEncoder().encode(record).length} path=${path}\n`])
    expect(headers.length).toBe(3 * TAR_BLOCK_BYTES)
  })

  test('contents are filled up to whole blocks', () => {
    expect([0, 1, 512, 513].map((size) => paddingAfter(size).length)).toEqual([0, 511, 0, 511])
  })
})
