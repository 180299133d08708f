import type { Outbound } from '../outbound/outbound.ts'
import type { Spool } from '../spool.ts'

/** A public repository. */
export interface GitSource {
  /**
   * `https://HOST/PATH` of the repository itself: no user, password, query or fragment, and no `//FOLDER` behind it. What is
   * written before and behind in Terraform's sources (`git::`, `?ref=`) is for the caller to take off.
   */
  readonly url: string
  /** PEM file of CAs that are trusted beside the usual ones. */
  readonly caFile?: string
}

/** What one operation may cost. Whatever goes over ends it, with its processes and files. */
export interface GitLimits {
  /** Bytes of the repository on disk, as packed by the upstream; 256 MiB by default. */
  readonly maxRepositoryBytes?: number
  /** Objects of the repository; 1 000 000 by default. */
  readonly maxObjects?: number
  /** Bytes of the tar before compression; 512 MiB by default. */
  readonly maxTarBytes?: number
  /** Bytes of the archive; 512 MiB by default. Compression is quick rather than thorough. */
  readonly maxArchiveBytes?: number
  /** The whole call; 5 minutes by default. */
  readonly timeoutMs?: number
  /** Aborting rejects with its reason. */
  readonly signal?: AbortSignal
}

/** The parts of the server that Git is given. */
export interface GitOptions {
  /** Decides which addresses may be contacted. */
  readonly outbound: Pick<Outbound, 'requireOpen' | 'send' | 'addressesOf'>
  readonly spool: Pick<Spool, 'reserve' | 'receive'>
  /** HTTP proxy for everything; empty or missing: none. */
  readonly proxyUrl?: string
  /** Folders that are searched for the program, as in `PATH`; the usual ones by default. */
  readonly searchPath?: string
}

/** What the calls work with. */
export interface GitDeps extends GitOptions {
  /** @throws {RegistryError} GIT_MISSING */
  findVersion(): Promise<string>
}
