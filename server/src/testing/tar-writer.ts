/** One entry of a test archive. Everything but `name` has a harmless default. */
export interface TarEntry {
  /** As it is written to the name field, cut at 100 bytes. */
  readonly name: string | Uint8Array
  readonly content?: string | Uint8Array
  /** Permission bits; `0o644` by default. */
  readonly mode?: number
  /** Type flag; `0`, or `5` when the name ends in `/`. */
  readonly type?: string
  /** Target of a link. */
  readonly target?: string
  /** Bytes that the header declares in place of the true ones. */
  readonly declaredSize?: number
  /** Bytes that replace parts of the header, by offset; the checksum is right all the same. */
  readonly patch?: Readonly<Record<number, string | Uint8Array>>
  /** Checksum in place of the right one. */
  readonly checksum?: number
}

/** Archive-level lies. */
export interface TarOptions {
  /** In place of two empty blocks. */
  readonly end?: Uint8Array
}

const BLOCK = 512

const bytesOf = (value: string | Uint8Array): Buffer => (typeof value === 'string' ? Buffer.from(value) : Buffer.from(value))

/** A tar with the entries in the given order, without times and owners: the same input always gives the same bytes. */
export function buildTar(entries: readonly TarEntry[], { end = Buffer.alloc(2 * BLOCK) }: TarOptions = {}): Buffer {
  return Buffer.concat([...entries.flatMap(writeEntry), end])
}

/** A PAX header for the entry after it, or for all of them with the type `g`. */
export function paxHeader(records: readonly (readonly [key: string, value: string | Uint8Array])[], type = 'x'): TarEntry {
  return { name: 'pax', type, content: Buffer.concat(records.map(paxRecord)) }
}

/** A GNU header with the name of the entry after it. */
export const longName = (name: string | Uint8Array): TarEntry => ({
  name: '././@LongLink',
  type: 'L',
  content: Buffer.concat([bytesOf(name), Buffer.alloc(1)]),
})

function paxRecord([key, value]: readonly [key: string, value: string | Uint8Array]): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), bytesOf(value), Buffer.from('\n')])
  let length = rest.length
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

function writeEntry(entry: TarEntry): Buffer[] {
  const content = bytesOf(entry.content ?? '')
  return [writeHeader(entry, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]
}

function writeHeader(entry: TarEntry, length: number): Buffer {
  const header = Buffer.alloc(BLOCK)
  const name = bytesOf(entry.name)
  name.copy(header, 0, 0, 100)
  header.write(octal(entry.mode ?? 0o644, 7), 100)
  header.write(`${octal(0, 7)}\0${octal(0, 7)}`, 108)
  header.write(octal(entry.declaredSize ?? length, 11), 124)
  header.write(octal(0, 11), 136)
  header.write(entry.type ?? (name.at(-1) === 0x2f ? '5' : '0'), 156)
  header.write(entry.target ?? '', 157)
  header.write('ustar\x0000', 257)
  for (const [offset, bytes] of Object.entries(entry.patch ?? {})) bytesOf(bytes).copy(header, Number(offset))
  header.fill(' ', 148, 156)
  const sum = entry.checksum ?? header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)}\0 `, 148)
  return header
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')
