import { randomBytes } from 'node:crypto'

let lastMs = 0
let lastSequence = 0

/**
 * A new UUIDv7: 48 bits of Unix milliseconds, then a 12-bit sequence that grows within one millisecond, then random bits.
 * Ids made by one process therefore sort in the order in which they were made.
 * Source: RFC 9562, section 5.7 and 6.2 (method 1).
 */
export function newId(): string {
  const bytes = randomBytes(16)
  const nowMs = Math.max(Date.now(), lastMs)
  lastSequence = nowMs === lastMs ? lastSequence + 1 : bytes.readUInt16BE(6) & 0x7ff
  lastMs = lastSequence > 0xfff ? nowMs + 1 : nowMs
  if (lastSequence > 0xfff) lastSequence = 0
  bytes.writeUIntBE(lastMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | lastSequence, 6)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
