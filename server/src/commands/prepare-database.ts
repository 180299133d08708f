import { setTimeout as delay } from 'node:timers/promises'
import type { AppDeps } from '../app-deps.ts'
import { RegistryError } from '../base/errors.ts'
import { checkEncryptionKey } from '../base/secrets/check-encryption-key.ts'
import { ensureFirstAdministrator } from '../features/accounts/index.ts'

const RETRY_MS = 2_000

/**
 * Makes the database ready for this process: waits until it answers, migrates it, refuses one that belongs to another
 * encryption key, and sees to the first administrator.
 *
 * @param stopped gives the waiting up.
 * @returns the one-time set-up token, when there is no administrator and none is configured.
 */
export async function prepareDatabase(deps: AppDeps, stopped?: AbortSignal): Promise<{ readonly setupToken: string | undefined }> {
  await migrateOnceItAnswers(deps, stopped)
  await checkEncryptionKey(deps.database.db, deps.secrets)
  return ensureFirstAdministrator(deps)
}

async function migrateOnceItAnswers({ database, logger }: AppDeps, stopped: AbortSignal | undefined): Promise<void> {
  for (;;) {
    stopped?.throwIfAborted()
    try {
      await database.migrate()
      return
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'DATABASE_UNAVAILABLE') throw error
      logger.warn({ err: error }, 'database does not answer; trying again')
      await delay(RETRY_MS, undefined, { signal: stopped })
    }
  }
}
