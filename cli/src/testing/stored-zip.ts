import { crc32 } from 'node:zlib'

const VERSION_UNIX = 0x0314
const MODE_0755 = (0o100755 << 16) >>> 0

/** A zip with one executable file, stored. */
export function storedZip(name: string, content: string): Buffer {
  const [path, data] = [Buffer.from(name), Buffer.from(content)]
  // Flags, method, time and date (1980-01-01), checksum, both sizes, length of the name, no extra field.
  const facts = Buffer.alloc(24)
  facts.writeUInt16LE(0x21, 6)
  facts.writeUInt32LE(crc32(data), 8)
  facts.writeUInt32LE(data.length, 12)
  facts.writeUInt32LE(data.length, 16)
  facts.writeUInt16LE(path.length, 20)
  const local = Buffer.concat([Buffer.from('PK\u0003\u0004\u0014\u0000'), facts, path, data])
  const attributes = Buffer.alloc(14)
  attributes.writeUInt32LE(MODE_0755, 6)
  const version = Buffer.alloc(4)
  version.writeUInt16LE(VERSION_UNIX, 0)
  version.writeUInt16LE(20, 2)
  const central = Buffer.concat([Buffer.from('PK\u0001\u0002'), version, facts, attributes, path])
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(local.length, 12)
  return Buffer.concat([local, central, Buffer.from('PK\u0005\u0006'), end])
}
