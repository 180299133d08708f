import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'

const MAIN = join(import.meta.dirname, '../main.ts')

/** Loads a server command the way the executable does. */
const SCRIPT =
  'const [main, name] = process.argv.slice(1); const { runServerCommand } = await import(main); process.exitCode = await runServerCommand([name])'

/** The real command in a child, with a folder of its own. */
function start(name: string, env: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-start-'))
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SCRIPT, '--', MAIN, name], {
    env: { ...process.env, TFR_DATA_DIR: join(folder, 'data'), TFR_SERVER_HOST: '127.0.0.1', TFR_SERVER_PORT: '0', ...env },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const said = async (text: string) => {
    while (!output.includes(text)) await once(child.stdout, 'data')
  }
  return { child, said, output: () => output, ended: once(child, 'exit') }
}

describe('starting', () => {
  test.each(['serve', 'work'])(
    '%s that waits for its database ends in order when asked to stop',
    async (name) => {
      const { child, said, ended } = start(name, {
        TFR_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
        TFR_SERVER_LOCAL_TLS_PORT: '0',
        TFR_LOGGING_FORMAT: 'json',
      })
      await said('database does not answer')
      child.kill('SIGTERM')
      expect(await ended).toEqual([0, null])
    },
    30_000,
  )

  test('a port that is taken is told in one line with the settings', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => void other.close())
    const { port } = other.address() as AddressInfo
    const { output, ended } = start('serve', { TFR_SERVER_PORT: String(port), TFR_SERVER_LOCAL_TLS_PORT: '0' })
    expect(await ended).toEqual([1, null])
    expect(output()).toContain(`Cannot listen on port ${port}: another program listens on it`)
    expect(output()).not.toContain('    at ')
  }, 30_000)
})
