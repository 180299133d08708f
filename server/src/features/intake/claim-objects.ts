import { setTimeout as delay } from 'node:timers/promises'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { acquireObjectClaim, releaseObjectClaims, renewObjectClaims } from './object-claim-queries.ts'

const LEASE_MS = 30_000
const POLL_MS = 100

/** The right to bring some objects, held by one of many publishers and workers over all replicas. */
export interface ObjectClaims {
  /**
   * Gives the claims back within the transaction that makes the objects visible. A holder that was too slow, so that
   * somebody else could take over, is refused here and its transaction rolls back.
   * @throws {RegistryError} PUBLISH_IN_PROGRESS
   */
  release(tx: Db): Promise<void>
}

function inProgress(key: string): RegistryError {
  return new RegistryError('PUBLISH_IN_PROGRESS', `Cannot store "${key}": somebody else is storing it right now`, {
    hint: 'Try again in a moment',
    retryAfterSeconds: 1,
  })
}

/**
 * Runs `work` while holding the claims of all keys, so that one object is never brought twice at once.
 * A claim is a lease by the database's clock: it is renewed while `work` runs and falls free when the process dies.
 *
 * @param options.waitMs how long to wait for another holder; 0 answers at once.
 * @throws {RegistryError} PUBLISH_IN_PROGRESS when another holder does not finish in time.
 */
export async function withObjectClaims<T>(
  db: Db,
  options: { readonly keys: readonly string[]; readonly waitMs: number },
  work: (claims: ObjectClaims) => Promise<T>,
): Promise<T> {
  const token = newId()
  try {
    await acquireAll(db, { ...options, token })
    return await holding(db, { token, keys: options.keys }, work)
  } finally {
    // The outcome of the work stands, whatever becomes of the database afterwards; the claims run out by themselves.
    await releaseObjectClaims(db, token).catch(() => undefined)
  }
}

async function acquireAll(db: Db, { keys, waitMs, token }: { keys: readonly string[]; waitMs: number; token: string }): Promise<void> {
  let waitedMs = 0
  // Sorted, so that two holders of overlapping sets cannot wait for each other.
  for (const key of [...keys].sort()) {
    for (;;) {
      if (await acquireObjectClaim(db, { key, token, leaseMs: LEASE_MS })) break
      if (waitedMs >= waitMs) throw inProgress(key)
      await delay(POLL_MS)
      waitedMs += POLL_MS
    }
  }
}

async function holding<T>(
  db: Db,
  { token, keys }: { token: string; keys: readonly string[] },
  work: (claims: ObjectClaims) => Promise<T>,
): Promise<T> {
  const renewal = setInterval(() => {
    // A renewal that fails is not an error yet: the release inside the transaction decides.
    renewObjectClaims(db, token, LEASE_MS).catch(() => undefined)
  }, LEASE_MS / 3)
  try {
    return await work({
      async release(tx) {
        if ((await releaseObjectClaims(tx, token)) !== keys.length) throw inProgress(keys.join(', '))
      },
    })
  } finally {
    clearInterval(renewal)
  }
}
