import type { SpooledFile } from '../spool.ts'
import { archiveCommit } from './archive-commit.ts'
import type { GitLimits, GitOptions, GitSource } from './git-requests.ts'
import { resolveRef } from './resolve-ref.ts'
import { findGitVersion } from './run-git.ts'

export type { GitLimits, GitOptions, GitSource } from './git-requests.ts'

/**
 * Reads public Git repositories with the `git` of the system.
 *
 * - Only https, without credentials; every address is checked as {@link Outbound} does, redirects too, and `git` is bound to what was
 *   checked.
 * - Nothing of a repository is ever run or unpacked: no hooks, filters, submodules, LFS, attributes, links.
 * - `git` sees no variable and no settings of this machine, and no other program's.
 * - Nothing stays: neither a process nor a file, whatever happened.
 *
 * All calls throw {@link RegistryError}: GIT_MISSING (not installed, or too old), UPSTREAM_REFUSED (the URL or the ref is not
 * acceptable, no such repository, ref or commit, over a limit; `detail.reason`), OUTBOUND_BLOCKED, UPSTREAM_UNAVAILABLE,
 * UPSTREAM_RATE_LIMITED, UPSTREAMS_SEALED, STORAGE_FULL.
 */
export interface Git {
  /**
   * The full commit id (40 or 64 lower-case hex digits) that a ref names now. A ref is a tag, a branch, a full name below `refs/`, or a
   * commit id; without one it is the upstream's default branch. A tag goes before a branch of the same name, and an annotated tag means
   * its commit. A full commit id is answered as it is, without asking anybody; a shortened one (7 digits or more) costs a fetch of the
   * history.
   */
  resolveRef(source: GitSource, ref: string | undefined, limits?: GitLimits): Promise<string>
  /**
   * The files of a commit as a `.tar.gz` in the spool, byte for byte as they were committed: attributes such as `export-ignore`,
   * `export-subst` and line endings do nothing. Paths have no top folder in front; submodules are empty folders, links stay links. For
   * the module archiver, which refuses what a module may not have. To be discarded by the caller.
   */
  archiveCommit(source: GitSource, commit: string, limits?: GitLimits): Promise<SpooledFile>
  /** Version of the program, for example `2.39.5`. */
  findVersion(): Promise<string>
}

/** Starts nothing before the first call. */
export function createGit(options: GitOptions): Git {
  let version: Promise<string> | undefined
  const findVersion = async () => {
    version ??= findGitVersion(options)
    try {
      return await version
    } catch (error) {
      // It may be installed by the next time.
      version = undefined
      throw error
    }
  }
  const deps = { ...options, findVersion }
  return {
    resolveRef: (source, ref, limits = {}) => resolveRef(deps, { source, ref, limits }),
    archiveCommit: (source, commit, limits = {}) => archiveCommit(deps, { source, commit, limits }),
    findVersion,
  }
}
