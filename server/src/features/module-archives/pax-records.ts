import { type EntryMark, refusal } from './module-archive-rules.ts'

/** What a PAX header may say here; times, owners and other attributes are passed over. */
export interface PaxRecords {
  readonly path?: Buffer
  readonly size?: number
  readonly comment?: string
}

/** They change what the entry is or how its name is read. */
const REFUSED_KEYS = /^(?:linkpath|hdrcharset|GNU\.sparse\..*|SCHILY\.(?:filetype|realsize|linkpath))$/
const USED_KEYS = ['path', 'size', 'comment']

/**
 * Reads records of the form `LENGTH KEY=VALUE\n`, in which LENGTH counts the whole record.
 *
 * @throws {ArchiveRefused} damaged_tar, header_mismatch, entry_type
 */
export function parsePaxRecords(bytes: Buffer, mark: EntryMark): PaxRecords {
  const used = collectUsed(bytes, mark)
  const [path, size, comment] = USED_KEYS.map((key) => used.get(key))
  return {
    ...(path && { path: checkPath(path, mark) }),
    ...(size && { size: readSize(size, mark) }),
    ...(comment && { comment: comment.toString('utf8') }),
  }
}

function collectUsed(bytes: Buffer, mark: EntryMark): ReadonlyMap<string, Buffer> {
  const used = new Map<string, Buffer>()
  for (let position = 0; position < bytes.length; ) {
    const { key, value, length } = readRecord(bytes.subarray(position), mark)
    position += length
    if (REFUSED_KEYS.test(key)) throw refusal('entry_type', `has the PAX attribute "${key}", which module archives may not have`, mark)
    if (!USED_KEYS.includes(key)) continue
    if (used.has(key)) throw refusal('header_mismatch', `has the PAX attribute "${key}" twice`, mark)
    used.set(key, value)
  }
  return used
}

function readRecord(bytes: Buffer, mark: EntryMark): { key: string; value: Buffer; length: number } {
  const digits = /^(?<digits>[1-9]\d{0,5}) /.exec(bytes.toString('latin1', 0, 7))?.groups?.digits ?? ''
  const length = Number(digits)
  const record = bytes.subarray(digits.length + 1, length)
  const equals = record.indexOf('=')
  if (digits === '' || length > bytes.length || equals < 1 || record.at(-1) !== 0x0a) {
    throw refusal('damaged_tar', 'has a PAX header that cannot be read', mark)
  }
  return { key: record.toString('utf8', 0, equals), value: record.subarray(equals + 1, -1), length }
}

function checkPath(path: Buffer, mark: EntryMark): Buffer {
  if (path.length === 0) throw refusal('entry_name', 'has an empty name in its PAX header', mark)
  return Buffer.from(path)
}

function readSize(value: Buffer, mark: EntryMark): number {
  const text = value.toString('latin1')
  if (!/^\d{1,15}$/.test(text)) throw refusal('damaged_tar', 'has a PAX header with a size that cannot be read', mark)
  return Number(text)
}
