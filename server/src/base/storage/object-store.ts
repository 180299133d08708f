import type { Readable } from 'node:stream'

/** What a store knows of an object without reading it. */
export interface ObjectHead {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Unix milliseconds of the last write, by the store's clock; for sweeping only. */
  readonly modifiedAtMs: number
  /**
   * Changes whenever the stored bytes may have changed (local: inode, size, mtime and ctime; cloud: ETag).
   * Lets a reader skip re-hashing what it has hashed before.
   */
  readonly fingerprint: string
}

export interface StoredObject {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Lower-case hex, computed by the store while it read the bytes. */
  readonly sha256: string
}

export interface PutOptions {
  /** Upper limit in bytes; one byte more refuses the object with PAYLOAD_TOO_LARGE and leaves nothing. */
  readonly maxBytes: number
  /** Expected SHA-256 in lower-case hex; another one refuses the object with CHECKSUM_MISMATCH and leaves nothing. */
  readonly sha256?: string
}

export interface GetRange {
  /** First byte, from 0. */
  readonly start: number
  /** Last byte, inclusive. */
  readonly end: number
}

export type PutOutcome = { readonly created: true; readonly object: StoredObject } | { readonly created: false }

/**
 * Bytes under immutable keys. Every driver passes `object-store.contract.ts`.
 *
 * A put is create-only and atomic: after `created: true` every byte is durable; after anything else the key is as it was.
 * Keys: segments of `[A-Za-z0-9._~+-]` (none of them `.` or `..`) joined by `/`, at most 1024 characters; others throw TypeError.
 */
export interface ObjectStore {
  /** Backend id, recorded with every artefact (`local`, `s3`, …). */
  readonly id: string
  /** Streams a body in. `created: false` when the key exists; the body is then drained or destroyed. */
  put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<PutOutcome>
  /**
   * Stores a finished local file whose SHA-256 the caller has computed. The local driver moves it (the file is gone
   * afterwards) when it lies on the same volume. `created: false` when the key exists; the file then stays.
   */
  putFile(key: string, path: string, file: { readonly sha256: string; readonly size: number }): Promise<PutOutcome>
  /** The object's bytes, or the range of them; `undefined` when there is none. Destroying the stream frees everything. */
  get(key: string, range?: GetRange): Promise<{ readonly head: ObjectHead; readonly body: Readable } | undefined>
  /** `undefined` when there is none. */
  head(key: string): Promise<ObjectHead | undefined>
  /** `false` when there was none. */
  delete(key: string): Promise<boolean>
  /** Objects whose key begins with the prefix, in byte order of the keys. */
  list(prefix: string): AsyncIterable<ObjectHead>
  /**
   * A link that reads this one object by GET or HEAD, without any other credential, for `lifeSeconds`.
   * Absolute for cloud stores; a rooted path with query for the local one, to be put behind the public address.
   */
  signUrl(key: string, lifeSeconds: number): Promise<string>
  /** Removes leftovers of interrupted puts that are older than `olderThanMs`; answers how many. */
  sweepTemporary(olderThanMs: number): Promise<number>
  /** Writes, reads and deletes a probe; throws when the store is not usable. */
  check(): Promise<void>
}
