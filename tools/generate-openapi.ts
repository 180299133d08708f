import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../server/src/app.ts'
import { createLifecycle } from '../server/src/base/http/lifecycle.ts'
import { createLogger } from '../server/src/base/logger.ts'
import { loadConfig } from '../server/src/config/load-config.ts'
import { openDeps } from '../server/src/open-deps.ts'
import { OPENAPI_FILE, writeOrCheck } from './generated-file.ts'

/**
 * The OpenAPI document that a server gives at `/openapi.json`, from the whole server without a listener. What the server keeps while
 * it is built lives in a folder of its own and goes with it.
 */
export async function formatOpenApi(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-openapi-'))
  try {
    const { config } = await loadConfig({ env: { TFR_DATA_DIR: join(folder, 'data'), TFR_LOGGING_LEVEL: 'error' }, cwd: folder })
    const { deps, close } = await openDeps(config, createLogger(config.logging))
    const app = await buildApp(deps, createLifecycle())
    await app.ready()
    const document = app.swagger()
    await app.close()
    await close()
    return `${JSON.stringify(document, undefined, 2)}\n`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) writeOrCheck({ path: OPENAPI_FILE, text: await formatOpenApi(), source: 'the routes' })
