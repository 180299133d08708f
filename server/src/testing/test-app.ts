import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { onTestFinished } from 'vitest'
import { buildApp } from '../app.ts'
import type { AppDeps } from '../app-deps.ts'
import type { Clock } from '../base/clock.ts'
import { type Database, openDatabase } from '../base/database/open-database.ts'
import { createLifecycle } from '../base/http/lifecycle.ts'
import { prepareDatabase } from '../commands/prepare-database.ts'
import type { Config } from '../config/config-schema.ts'
import { loadConfig } from '../config/load-config.ts'
import { openDeps } from '../open-deps.ts'
import { type Dialect, openTestDatabase, type TestDatabase } from './dialects.ts'
import { useQuickRegistryKey } from './quick-registry-key.ts'
import { type TestLog, testLog } from './test-edge.ts'

const USERNAME = 'admin'
const PASSWORD = 'correct horse battery'

/** The whole server without a listener: real SQL, real storage in a folder, real worker threads. */
export interface TestApp {
  readonly deps: AppDeps
  /** What a replica shares with it. */
  readonly place: TestPlace
  /** One request without a connection. */
  request(options: InjectOptions | string): Promise<LightMyRequestResponse>
  /** The same with the administrator's session. */
  asAdmin(options: InjectOptions): Promise<LightMyRequestResponse>
}

/** Where servers keep their state. */
export interface TestPlace {
  readonly folder: string
  readonly database: TestDatabase
}

export interface TestAppOptions {
  /** Another server whose database and folder are used: a replica of it. It must stay open for longer. */
  readonly beside?: TestApp
  readonly clock?: Clock
  /** Receives the lines of the server. */
  readonly log?: TestLog
  /** Puts something between the server and its database. */
  readonly wrapDatabase?: (database: Database) => Database
  /** The registry makes its signing key itself, which takes much computing; else it has a small one that tests share. */
  readonly makesSigningKey?: boolean
  /** Replaces parts before the routes are built. */
  readonly change?: (deps: AppDeps) => AppDeps
}

/** A server that somebody has to close. */
export interface OpenTestApp extends TestApp {
  close(): Promise<void>
}

/**
 * A fresh server on a fresh database; everything goes away when the test ends.
 * @param env settings as variables, beside the test's own.
 */
export async function testApp(
  dialect: Dialect,
  env: Readonly<Record<string, string>> = {},
  options: TestAppOptions = {},
): Promise<TestApp> {
  const app = await openTestApp(dialect, env, options)
  onTestFinished(() => app.close())
  return app
}

/** The same for several tests: opened in a hook and closed in another. */
export async function openTestApp(
  dialect: Dialect,
  env: Readonly<Record<string, string>> = {},
  options: TestAppOptions = {},
): Promise<OpenTestApp> {
  const { beside, clock, log = testLog(), wrapDatabase = (database) => database, change = (deps) => deps } = options
  const folder = beside?.place.folder ?? (await mkdtemp(join(tmpdir(), 'terrace-app-')))
  const config = await configIn(folder, env)
  const place = beside?.place ?? { folder, database: await openTestDatabase(dialect) }
  const database = wrapDatabase(beside === undefined ? place.database : openDatabase(place.database.options))
  const opened = await openDeps(config, log.logger, { database, ...(clock !== undefined && { clock }) })
  const deps = change(opened.deps)
  const lifecycle = createLifecycle()
  const app = await buildApp(deps, lifecycle)
  await prepareDatabase(deps)
  if (beside === undefined && options.makesSigningKey !== true) await useQuickRegistryKey(deps)
  lifecycle.markReady()
  const request = (options: InjectOptions | string) => app.inject(options) as Promise<LightMyRequestResponse>
  let token: Promise<string> | undefined
  return {
    deps,
    place,
    request,
    async asAdmin(options) {
      token ??= signIn(request)
      return request({ ...options, headers: { ...options.headers, authorization: `Bearer ${await token}` } })
    },
    async close() {
      await app.close()
      await opened.close()
      if (beside === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

async function configIn(folder: string, env: Readonly<Record<string, string>>): Promise<Config> {
  const { config } = await loadConfig({ env: { ...settingsIn(folder), ...env }, cwd: folder })
  // The cheapest that bcrypt has, below what the settings allow: every test signs in, none is about how long it takes.
  return { ...config, auth: { ...config.auth, bcryptCost: 4 } }
}

function settingsIn(folder: string): Record<string, string> {
  return {
    TFR_DATA_DIR: join(folder, 'data'),
    TFR_ADMIN_USERNAME: USERNAME,
    TFR_ADMIN_PASSWORD: PASSWORD,
    TFR_PROVIDERS_DOWNLOAD_RETRY_INITIAL_DELAY_MS: '1',
  }
}

async function signIn(request: TestApp['request']): Promise<string> {
  const response = await request({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { username: USERNAME, password: PASSWORD },
  })
  const { token } = response.json<{ token: string }>()
  return token
}
