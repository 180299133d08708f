import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { onTestFinished } from 'vitest'
import { buildApp } from '../app.ts'
import type { AppDeps } from '../app-deps.ts'
import { createLifecycle } from '../base/http/lifecycle.ts'
import { prepareDatabase } from '../commands/prepare-database.ts'
import { loadConfig } from '../config/load-config.ts'
import { openDeps } from '../open-deps.ts'
import { type Dialect, openTestDatabase } from './dialects.ts'
import { testLog } from './test-edge.ts'

const USERNAME = 'admin'
const PASSWORD = 'correct horse battery'

/** The whole server without a listener: real SQL, real storage in a folder, real worker threads. */
export interface TestApp {
  readonly deps: AppDeps
  /** One request without a connection. */
  request(options: InjectOptions | string): Promise<LightMyRequestResponse>
  /** The same with the administrator's session. */
  asAdmin(options: InjectOptions): Promise<LightMyRequestResponse>
}

/**
 * A fresh server on a fresh database; everything goes away when the test ends.
 * @param env settings as variables, beside the test's own.
 */
export async function testApp(dialect: Dialect, env: Readonly<Record<string, string>> = {}): Promise<TestApp> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-app-'))
  const settings = {
    TFR_DATA_DIR: join(folder, 'data'),
    TFR_ADMIN_USERNAME: USERNAME,
    TFR_ADMIN_PASSWORD: PASSWORD,
    TFR_AUTH_BCRYPT_COST: '10',
    TFR_PROVIDERS_DOWNLOAD_RETRY_INITIAL_DELAY_MS: '1',
    ...env,
  }
  const { config } = await loadConfig({ env: settings, cwd: folder })
  const database = await openTestDatabase(dialect)
  const { deps, close } = await openDeps(config, testLog().logger, { database })
  const lifecycle = createLifecycle()
  const app = await buildApp(deps, lifecycle)
  await prepareDatabase(deps)
  lifecycle.markReady()
  onTestFinished(async () => {
    await app.close()
    await close()
    await rm(folder, { recursive: true, force: true })
  })
  const request = (options: InjectOptions | string) => app.inject(options) as Promise<LightMyRequestResponse>
  let token: Promise<string> | undefined
  return {
    deps,
    request,
    async asAdmin(options) {
      token ??= signIn(request)
      return request({ ...options, headers: { ...options.headers, authorization: `Bearer ${await token}` } })
    },
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
