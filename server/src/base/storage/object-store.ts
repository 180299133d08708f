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
  /** First byte, from 0; one at or past the object's size throws RangeError. */
  readonly start: number
  /** Last byte, inclusive; may lie past the end, which then is the last byte. */
  readonly end: number
}

export type PutOutcome = { readonly created: true; readonly object: StoredObject } | { readonly created: false }

/**
 * Bytes under immutable keys. Every driver passes `object-store.contract.ts`.
 *
 * A put is create-only and atomic: after `created: true` every byte is durable; after anything else the key is as it was.
 * Keys: segments of `[A-Za-z0-9._~+-]`, none longer than 255 characters or beginning with a dot, joined by `/`, at most 1024
 * characters together; others throw TypeError. No key may be a folder of another one: a local disk cannot hold both.
 *
 * @throws {RegistryError} STORAGE_FULL, STORAGE_UNAVAILABLE (passing, try again) and STORAGE_ERROR from every method.
 */
export interface ObjectStore {
  /** Backend id, recorded with every artefact (`local`, `s3`, …). */
  readonly id: string
  /** Streams a body in. `created: false` when the key exists; the body is then drained or destroyed. */
  put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<PutOutcome>
  /**
   * Stores a finished local file whose SHA-256 the caller has computed. The local driver moves it (the file is gone
   * afterwards) when it lies on the same volume; otherwise it is copied, checked against the SHA-256, and stays.
   * `created: false` when the key exists; the file then stays.
   * @throws {RegistryError} CHECKSUM_MISMATCH when the file does not have the size or, where it is copied, the SHA-256.
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
  /** Removes leftovers of interrupted puts that nobody has written to for `olderThanMs`; answers how many. */
  sweepTemporary(olderThanMs: number): Promise<number>
  /** Writes, reads and deletes a probe; throws when the store is not usable. */
  check(): Promise<void>
}

/** Access to the bytes of one object at any position, into buffers that the caller owns and reuses. */
export interface ObjectReader {
  /** The object as it was when it was opened; later deletion does not disturb the reader. */
  readonly head: ObjectHead
  /**
   * SHA-256 (lower-case hex) of the bytes as this process stored them, while the fingerprint is the one they had then. `undefined`
   * where nobody knows: for what another process stored, or this one before its start.
   */
  readonly writtenSha256?: string | undefined
  /** Fills the buffer from `position` on; answers the bytes read, fewer than its length only at the end of the object. */
  read(buffer: Uint8Array, position: number): Promise<number>
  close(): Promise<void>
}

/** A store that this server reads for its clients itself (`/files/…`) instead of sending them to a cloud's signed URL. */
export interface ServableStore extends ObjectStore {
  /** `undefined` when there is none. Whoever opens also closes. */
  open(key: string): Promise<ObjectReader | undefined>
}
