import { encodeJson } from '../../../base/database/columns.ts'
import { systemOrigin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import type { AccountDeps } from '../account-deps.ts'
import { createPasswords } from '../passwords/passwords.ts'
import { countUsers, insertUser } from '../user-queries.ts'
import { parseUsername } from '../usernames.ts'
import { findSetupToken, storeSetupToken } from './setup-queries.ts'
import { setupTokenFor, storedSetupToken } from './setup-tokens.ts'

const HOUR_MS = 3_600_000

/** What the start found or did. */
export interface FirstAdministrator {
  /** To be shown to whoever reads the log, when there is no user yet and none is configured; opens `POST /api/v1/setup` once. */
  readonly setupToken: string | undefined
}

/**
 * Sees to it that somebody can administer the server. With any user: nothing. Else the configured administrator is created; else
 * a set-up token is issued, or the valid one is shown again. Safe when several processes start at once.
 * Source: requirements.md C15
 *
 * @throws {RegistryError} RULE_BROKEN when the configured user name or password breaks a rule.
 */
export async function ensureFirstAdministrator(deps: AccountDeps): Promise<FirstAdministrator> {
  if ((await countUsers(deps.database.db)) > 0) return { setupToken: undefined }
  const { username, password } = deps.config.admin
  if (username === '' || password === '') return { setupToken: await issueSetupToken(deps) }
  await createConfiguredAdministrator(deps, parseUsername(username))
  return { setupToken: undefined }
}

async function createConfiguredAdministrator(deps: AccountDeps, username: string): Promise<void> {
  const passwordHash = await createPasswords(deps.config.auth).hash(deps.config.admin.password, username)
  const at = deps.clock.now()
  const created = await deps.database.db.transaction().execute(async (tx) => {
    const user = { id: newId(), username, passwordHash, scopes: encodeJson(['admin']), createdAt: at, disabledAt: null }
    if (!(await insertUser(tx, user))) return false
    await recordAudit(tx, { at, origin: systemOrigin('configuration'), action: 'user.create', object: username })
    return true
  })
  if (created) deps.logger.info({ username }, 'First administrator created; change the password and remove it from the configuration')
}

async function issueSetupToken({ database: { db }, clock, config, secrets, logger }: AccountDeps): Promise<string> {
  const nowMs = clock.now()
  const key = secrets.setupTokenKey
  await storeSetupToken(db, storedSetupToken(key, nowMs + config.auth.setupTokenHours * HOUR_MS), nowMs)
  const stored = await findSetupToken(db)
  if (stored === undefined) throw new Error('Cannot issue a set-up token: the settings row is missing')
  const token = setupTokenFor(key, stored.expiresAt)
  const until = new Date(stored.expiresAt).toISOString()
  logger.warn(`There is no user yet. Make the first administrator with the one-time set-up token ${token} (valid until ${until})`)
  return token
}
