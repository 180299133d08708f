import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { encodeJson } from '../base/database/columns.ts'
import { newId } from '../base/ids.ts'
import { holdsScope, isScope, type Scope } from '../features/access/index.ts'
import { type AccountDeps, accountRoutes, createAuthenticator, createKeyUses, type KeyUses } from '../features/accounts/index.ts'
import { createPasswords } from '../features/accounts/passwords/passwords.ts'
import { auditRoutes } from '../features/audit/index.ts'
import { type Dialect, openTestDatabase, type TestDatabase } from './dialects.ts'
import { openTestEdge, TEST_CSRF_KEY, type TestClock, type TestEdge, type TestEdgeOptions, testClock, testLog } from './test-edge.ts'

/** A password that passes the rules. */
export const PASSWORD = 'correct horse battery'

// The cheapest that bcrypt has: the tests are about who gets in, not about how long it takes.
const CHEAP_COST = 4

/** The real accounts on a real database. */
export interface TestAccounts extends Pick<TestEdge, 'app' | 'request' | 'failedAttempts' | 'log'> {
  readonly deps: AccountDeps & { readonly keyUses: KeyUses }
  readonly database: TestDatabase
  readonly clock: TestClock
  /** Adds a user with `PASSWORD`; answers the id. */
  addUser(username: string, scopes: readonly Scope[], options?: { readonly disabled?: boolean }): Promise<string>
  /** Signs in with `PASSWORD`; answers the token. */
  signIn(username: string): Promise<string>
  /** A request with a credential. */
  as(token: string, options: InjectOptions): Promise<LightMyRequestResponse>
  /** Actions, outcomes and objects of the audit, oldest first. */
  audit(): Promise<string[]>
}

/** What a test changes. */
export interface TestAccountsOptions {
  readonly admin?: { readonly username: string; readonly password: string }
  readonly edge?: TestEdgeOptions
  /** Default true. */
  readonly localAccounts?: boolean
  /** Default false. */
  readonly devMode?: boolean
  /** Default false. */
  readonly multiTenant?: boolean
  /** An open database, for a second server on it. */
  readonly database?: TestDatabase
}

function keyOf(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte)
}

/** Accounts without a user. */
export async function openTestAccounts(dialect: Dialect, options: TestAccountsOptions = {}): Promise<TestAccounts> {
  const database = options.database ?? (await openTestDatabase(dialect))
  const clock = testClock()
  const log = testLog()
  const deps: TestAccounts['deps'] = {
    database,
    clock,
    logger: log.logger,
    keyUses: createKeyUses({ database, clock, logger: log.logger }),
    secrets: { jwtKey: keyOf(1), csrfKey: TEST_CSRF_KEY, apiKeyKey: keyOf(2), setupTokenKey: keyOf(3) },
    config: {
      multiTenancy: { enabled: options.multiTenant ?? false },
      devMode: options.devMode ?? false,
      auth: { localAccounts: options.localAccounts ?? true, jwtExpirationHours: 8, bcryptCost: CHEAP_COST, setupTokenHours: 24 },
      admin: options.admin ?? { username: '', password: '' },
    },
  }
  const register = (app: TestEdge['app']) => {
    app.register(accountRoutes(deps))
    app.register(auditRoutes(deps))
    app.get('/api/v1/probe', { config: { requires: 'providers:read' } }, ({ actor }) => actor)
    app.get('/v1/probe', { config: { requires: 'anyone' } }, ({ actor }) => actor)
  }
  const edge = openTestEdge(register, { authenticate: createAuthenticator(deps), holdsScope, isScope, clock, ...options.edge })
  const { request } = edge
  const as = (token: string, injected: InjectOptions) =>
    request({ ...injected, headers: { ...injected.headers, authorization: `Bearer ${token}` } })
  return {
    app: edge.app,
    failedAttempts: edge.failedAttempts,
    request,
    log,
    deps,
    database,
    clock,
    as,
    addUser: (username, scopes, { disabled = false } = {}) => addUser(deps, { username, scopes, disabled }),
    async signIn(username) {
      const response = await request({ method: 'POST', url: '/api/v1/auth/login', payload: { username, password: PASSWORD } })
      return response.json<{ token: string }>().token
    },
    async audit() {
      const rows = await database.db.selectFrom('auditLogs').select(['action', 'outcome', 'object']).orderBy('id').execute()
      return rows.map(({ action, outcome, object }) => `${action} ${outcome} ${object}`)
    },
  }
}

interface AddUser {
  readonly username: string
  readonly scopes: readonly Scope[]
  readonly disabled: boolean
}

async function addUser(deps: AccountDeps, { username, scopes, disabled }: AddUser): Promise<string> {
  const id = newId()
  const passwordHash = await createPasswords({ bcryptCost: CHEAP_COST }).hash(PASSWORD, username)
  const createdAt = deps.clock.now()
  const row = { id, username, passwordHash, scopes: encodeJson(scopes), createdAt, disabledAt: disabled ? createdAt : null }
  await deps.database.db.insertInto('users').values(row).execute()
  return id
}
