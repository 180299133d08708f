import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeTemporaryFolder } from './temporary-folder.ts'
import { ADMIN, startTerrace, type TerraceOptions, type TerraceServer } from './terrace-server.ts'

/** A stand-in for the executable: the contract that the harness has with the real one, in few lines. */
const STAND_IN = `
  import { createServer } from 'node:http'
  import { mkdirSync } from 'node:fs'
  if (process.argv[2] !== 'serve') {
    console.log(JSON.stringify({ args: process.argv.slice(2), url: process.env.TERRACE_SERVER, token: process.env.TERRACE_TOKEN }))
  } else {
    if (process.env.FAIL) { console.error('Cannot read configuration'); process.exit(2) }
    mkdirSync(process.env.TFR_DATA_DIR, { recursive: true })
    let asked = 0
    const server = createServer((request, response) => {
      if (process.env.END_EARLY) process.exit(3)
      if (request.url === '/readyz') return response.writeHead(asked++ < 2 ? 503 : 200).end()
      if (request.url === '/environment') return response.end(JSON.stringify(process.env))
      let body = ''
      request.on('data', (chunk) => { body += chunk })
      request.on('end', () => response.end(JSON.stringify({ token: JSON.parse(body).username + '-token' })))
    })
    server.listen(Number(process.env.TFR_SERVER_PORT), process.env.TFR_SERVER_HOST, () =>
      console.log('  http://localhost:' + server.address().port))
    process.on('SIGTERM', () => process.exit(0))
  }
`

async function start(options: TerraceOptions = {}): Promise<TerraceServer> {
  const folder = makeTemporaryFolder('stand-in')
  onTestFinished(folder.remove)
  const launcher = join(folder.path, 'stand-in.mjs')
  writeFileSync(launcher, STAND_IN)
  const server = await startTerrace({ launcher, ...options })
  onTestFinished(server.close)
  return server
}

const environmentOf = async (server: TerraceServer): Promise<Record<string, string>> =>
  (await fetch(`${server.url}/environment`)).json() as Promise<Record<string, string>>

describe('server process', () => {
  test('is ready when the start returns, and ends by SIGTERM with its own exit code', async () => {
    const server = await start()
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    expect(await server.stop()).toEqual({ code: 0, signal: null })
  })

  test('gets a clean environment with its own data folder', async () => {
    const server = await start({ env: { TFR_LOG_LEVEL: 'debug' }, config: 'server { }\n' })
    const environment = await environmentOf(server)
    expect(environment).toMatchObject({ TFR_DATA_DIR: server.dataDir, TFR_ADMIN_USERNAME: ADMIN.username, TFR_LOG_LEVEL: 'debug' })
    expect(existsSync(environment.TFR_CONFIG ?? '')).toBe(true)
    expect(environment.VITEST).toBeUndefined()
  })

  test('a server that cannot start is an error that holds what it wrote', async () => {
    await expect(start({ env: { FAIL: '1' } })).rejects.toThrow('Cannot read configuration')
  })

  test('a server that ends before it is ready is an error at once', async () => {
    await expect(start({ env: { END_EARLY: '1' } })).rejects.toThrow('did not become ready')
  })

  test('a kill leaves the data, closing removes them', async () => {
    const server = await start()
    expect(await server.kill()).toEqual({ code: null, signal: 'SIGKILL' })
    expect(existsSync(server.dataDir)).toBe(true)
    await server.close()
    expect(existsSync(server.dataDir)).toBe(false)
  })

  test('a data folder that was given stays', async () => {
    const folder = makeTemporaryFolder('data')
    onTestFinished(folder.remove)
    const server = await start({ dataDir: folder.path })
    await server.close()
    expect(existsSync(folder.path)).toBe(true)
  })

  test('client commands run as the administrator of this server', async () => {
    const server = await start()
    const { stdout } = await server.terrace(['mirror', 'load', 'x.hcl'])
    expect(JSON.parse(stdout)).toEqual({ args: ['mirror', 'load', 'x.hcl'], url: server.url, token: 'admin-token' })
  })
})
