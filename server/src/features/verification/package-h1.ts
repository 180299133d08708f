import { createHash } from 'node:crypto'
import type { DirectoryEntry } from '../../base/archives/zip-directory.ts'

/**
 * The `h1:` hash over a zip: every entry of the directory, folder entries included, sorted by the bytes of the names. Of two
 * entries with the same name the later content counts for both lines, as in Go's dirhash.
 * Source: protocol.md 4.8 (measured F07, F08, F10)
 */
export function packageH1(digests: ReadonlyMap<DirectoryEntry, string>): string {
  const byName = new Map<string, string>()
  for (const [entry, digest] of digests) byName.set(entry.name, digest)
  const entries = [...digests.keys()].sort((a, b) => Buffer.compare(a.nameBytes, b.nameBytes))
  const summary = createHash('sha256')
  for (const { name } of entries) summary.update(`${byName.get(name)}  ${name}\n`)
  return `h1:${summary.digest('base64')}`
}
