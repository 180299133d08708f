import type { Logger } from '../../base/logger.ts'
import type { LinkSigner } from '../../base/storage/link-signer.ts'
import type { ServableStore } from '../../base/storage/object-store.ts'

/** What the file route needs from the rest of the server. */
export interface FilesDeps {
  readonly store: Pick<ServableStore, 'open'>
  /** The one that signs for the store. */
  readonly signer: LinkSigner
  readonly logger: Pick<Logger, 'info' | 'error'>
  /** `downloads.link_life_seconds`; browsers may keep a file that long. */
  readonly linkLifeSeconds: number
  /** A connection that takes no byte for so long is closed; 60 s by default. */
  readonly stallTimeoutMs?: number
  /** SHA-256 (lower-case hex) that the object must have; `undefined` when it is not to be served. */
  expectedDigest(key: string): Promise<string | undefined>
  /**
   * Told when a stored object does not have the expected SHA-256, or (`found` undefined) is missing or too short. The reader
   * does not wait for it. May be told again about the same object.
   */
  onDamaged(key: string, expected: string, found: string | undefined): void | Promise<void>
}
