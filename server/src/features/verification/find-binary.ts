import { printableName } from '../../base/archives/archive-refused.ts'
import type { DirectoryEntry } from '../../base/archives/zip-directory.ts'
import { isFolder } from './check-entries.ts'
import type { PackageProblem } from './package-rules.ts'

const RUNNABLE = 0o755

/**
 * The provider binary: a file at the root named `terraform-provider-TYPE`, or that name followed by `_` or `.`. Of several
 * the first in byte order, as the CLIs read the unpacked folder in that order.
 * Source: protocol.md 3.7 (measured C80, C80b, C80c)
 */
export function findBinary(entries: readonly DirectoryEntry[], type: string): { binaryName: string; problems: PackageProblem[] } {
  const stem = `terraform-provider-${type}`
  const isBinary = (entry: DirectoryEntry): boolean =>
    entry.name === stem || (/^[_.][^/]*$/.test(entry.name.slice(stem.length)) && entry.name.startsWith(stem))
  const found = entries.filter((entry) => !isFolder(entry) && isBinary(entry)).sort((a, b) => Buffer.compare(a.nameBytes, b.nameBytes))
  const binary = found[0]
  if (binary === undefined) {
    return { binaryName: '', problems: [{ rule: 'binary_name', text: `has no file "${stem}" or "${stem}_…" at its root` }] }
  }
  const name = printableName(binary.name)
  const problems: PackageProblem[] = []
  if (found.some((entry) => entry.name !== binary.name)) {
    problems.push({ rule: 'binary_ambiguous', entry: name, text: 'is not the only file that could be the provider binary' })
  }
  if (((binary.mode ?? 0) & RUNNABLE) !== RUNNABLE) {
    problems.push({ rule: 'binary_mode', entry: name, text: 'is not marked as a program: its mode must be 0755' })
  }
  return { binaryName: binary.name, problems }
}
