import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { page, type Responder, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const RECORD = {
  sequence: 7,
  at: '2026-03-01T12:30:45.678Z',
  actor: { id: 'u1', name: 'mia' },
  action: 'api_key.create',
  object: 'deploy',
  outcome: 'allowed',
  ip: '192.0.2.7',
  request_id: 'r1',
}
const NDJSON = { 'content-type': 'application/x-ndjson; charset=utf-8' }
const LINES = `${JSON.stringify(RECORD)}\n${JSON.stringify({ ...RECORD, sequence: 8 })}\n`
const BROKEN = { sequence: 7, id: 'row-7', kind: 'changed', detail: 'The row is not as it was written' }

async function start(routes: Readonly<Record<string, Responder>>) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  return { folder: home.folder, requests, run: (...args: string[]) => home.run(['audit', ...args, '--server', url]) }
}

describe('audit list', () => {
  test('shows records, and its flags become the query', async () => {
    const { run, requests } = await start({ 'GET /api/v1/audit': page([RECORD]) })
    const flags = ['--action', 'api_key.', '--outcome', 'allowed', '--request-id', 'r1', '--from', '2026-03-01', '--to', '2026-03-02 10:00']
    const { code, stdout } = await run('list', '--plain', ...flags)
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '2026-03-01 12:30:45\tmia\tapi_key.create\tallowed\tdeploy\t192.0.2.7\tr1\n',
    })
    expect(Object.fromEntries(new URL(requests[0]?.url ?? '', 'http://localhost').searchParams)).toEqual({
      action: 'api_key.',
      outcome: 'allowed',
      request_id: 'r1',
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-03-02T10:00:00.000Z',
      limit: '100',
      offset: '0',
    })
  })

  test.each([
    ['--outcome', 'bad', 'the outcomes are allowed, denied, error'],
    ['--from', 'yesterday', 'as in 2026-03-01'],
    ['--to', '2026-02-31T25:00', 'it is none'],
  ])('%s %s is refused', async (flag, value, text) => {
    const { run, requests } = await start({})
    expect(await run('list', flag, value)).toMatchObject({ code: 2, stderr: expect.stringContaining(text) })
    expect(requests).toHaveLength(0)
  })
})

describe('audit export', () => {
  test('writes the lines as they come to standard output', async () => {
    const { run, requests } = await start({ 'GET /api/v1/audit/export': { text: LINES, headers: NDJSON } })
    expect(await run('export', '--actor', 'mia')).toEqual({ code: 0, signal: null, stdout: LINES, stderr: '2 records exported\n' })
    expect(requests[0]?.url).toBe('/api/v1/audit/export?actor=mia')
  })

  test('makes a file that others cannot read, and does not replace one unasked', async () => {
    const { run, folder } = await start({ 'GET /api/v1/audit/export': { text: LINES, headers: NDJSON } })
    const file = join(folder, 'audit.ndjson')
    expect(await run('export', '--output', 'audit.ndjson')).toMatchObject({ code: 0, stdout: '' })
    expect(await readFile(file, 'utf8')).toBe(LINES)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await writeFile(file, 'mine')
    expect(await run('export', '--output', 'audit.ndjson')).toMatchObject({ code: 5, stderr: expect.stringContaining('add --force') })
    expect(await readFile(file, 'utf8')).toBe('mine')
    expect(await run('export', '--output', 'audit.ndjson', '--force')).toMatchObject({ code: 0 })
    expect(await readFile(file, 'utf8')).toBe(LINES)
  })

  test('an answer that ends too early leaves no file', async () => {
    const cut = { text: LINES, headers: { ...NDJSON, 'content-length': String(LINES.length + 5), connection: 'close' } }
    const { run, folder } = await start({ 'GET /api/v1/audit/export': cut })
    expect((await run('export', '--output', 'audit.ndjson')).code).toBe(6)
    expect((await readdir(folder)).filter((name) => name.startsWith('audit'))).toEqual([])
  })

  test('an answer that is no export is not written', async () => {
    const { run } = await start({ 'GET /api/v1/audit/export': { text: '<html>', headers: { 'content-type': 'text/html' } } })
    expect(await run('export')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no answer of Terrace') })
  })
})

describe('audit verify', () => {
  test('a whole chain is exit code 0', async () => {
    const { run } = await start({ 'GET /api/v1/audit/verify': { json: { checked: 12, ok: true } } })
    expect(await run('verify')).toMatchObject({ code: 0, stdout: '', stderr: 'The audit is whole: 12 records checked\n' })
    expect(await run('verify', '--plain')).toMatchObject({ code: 0, stdout: 'ok\t12\n' })
    expect(JSON.parse((await run('verify', '--json')).stdout)).toEqual({ schema_version: 1, checked: 12, ok: true })
  })

  test('a broken chain is exit code 1 and names the record', async () => {
    const { run } = await start({ 'GET /api/v1/audit/verify': { json: { checked: 7, ok: false, first_problem: BROKEN } } })
    const { code, stderr } = await run('verify', '--quiet')
    expect(code).toBe(1)
    expect(stderr).toContain('Cannot vouch for the audit: at record 7 something was changed\n')
    expect(stderr).toContain('  The row is not as it was written\n  id: row-7\n')
    expect(await run('verify', '--plain')).toMatchObject({ code: 1, stdout: 'changed\t7\t7\trow-7\n' })
    expect(JSON.parse((await run('verify', '--json')).stdout)).toMatchObject({ ok: false, first_problem: BROKEN })
  })
})
