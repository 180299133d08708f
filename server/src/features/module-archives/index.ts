/**
 * Module archives: turns whatever was uploaded into one canonical form, or refuses it.
 *
 * A `.tar.gz` or `.zip` is read once, front to back, in a worker thread with limits on time and memory. The result is a `.tar.gz`
 * whose bytes follow from paths, contents and executable bits alone: files sorted by the bytes of their paths, no times, owners or
 * folders, and no top folder that holds everything.
 *
 * Invariants:
 * - No entry is ever unpacked to disk: contents wait in one nameless file, which the system removes when the process ends.
 * - Only regular files and folders come through, below the root, under one name on every file system. Where links are followed, copies
 *   of files of the same archive stand for them.
 * - Whatever two readers could understand in different ways is refused, not repaired.
 * - A canonical archive becomes itself when it is published again.
 * - Limits are checked against what an archive declares before its content is read, and against what is read.
 *
 * The bytes of the `.tar.gz` also follow from the version of zlib, `contentSha256` does not: compare that to tell whether two
 * archives have the same content, and `sha256` to tell whether a stored archive is intact.
 *
 * There is no state here. After a crash the unfinished output may be left; it lies in the spool, which is swept.
 */
export type { CanonicalModule } from './canonicalise-file.ts'
export type { ModuleArchiveLimits, ModuleArchiveProblem, ModuleArchiveRule } from './module-archive-rules.ts'
export { createModuleArchiver, type ModuleArchiver, type ModuleArchiverOptions } from './module-archiver.ts'
export { type ArchiveFile, type ReadArchiveOptions, readArchiveFiles } from './read-archive-files.ts'
