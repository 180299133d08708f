import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { problem, type ReceivedRequest, type Reply, startFakeApi } from '../testing/fake-api.ts'
import { type TerraceHome, terraceHome } from '../testing/run-terrace.ts'

const AT = '2026-03-01T12:30:45.000Z'
const SUMS = { total: 4, completed: 4, failed: 0, running: 0, pending: 0, bytes_done: 2_500_000, bytes_total: 2_500_000 }
const JOB = { id: 'j1', kind: 'load', title: 'Load', created_by: 'ada', created_at: AT, started_at: AT, items: [], ...SUMS }
const COMPLETED: Reply = { json: { ...JOB, state: 'completed', finished_at: AT } }
const RUNNING: Reply = {
  json: { ...JOB, state: 'running', finished_at: null, completed: 1, running: 1, pending: 2, bytes_done: 750_000, bytes_total: 1_000_000 },
}
const STARTED = { 'POST /api/v1/admin/providers/upload': { status: 202, json: { job_id: 'j1', id: 'j1' } } }
const STOPPING = problem({ code: 'NOT_READY', status: 503, detail: 'Cannot answer the request: the server is stopping' })

/** A home with the definition file `providers.hcl`. */
async function homeWithDefinition(): Promise<TerraceHome> {
  const home = await terraceHome(onTestFinished)
  await writeFile(join(home.folder, 'providers.hcl'), 'provider "acme/widget" {}\n')
  return home
}

/** Answers of the job's route, one after another; the last one stays. */
const inTurn =
  (...replies: Reply[]) =>
  (_request: ReceivedRequest, count: number): Reply | undefined =>
    replies[Math.min(count, replies.length - 1)]

/** A job of which many items have failed, page by page. */
function failedJob(failed: number) {
  const keys = Array.from({ length: failed }, (_, index) => `registry.terraform.io/acme/widget 1.0.${index} linux_amd64`)
  return ({ url }: ReceivedRequest): Reply => {
    const { searchParams } = new URL(url, 'http://h')
    const [offset, limit] = [Number(searchParams.get('offset') ?? 0), Number(searchParams.get('limit'))]
    const items = searchParams.get('state') === 'failed' ? keys.slice(offset, offset + limit) : []
    return {
      json: {
        ...JOB,
        state: 'failed',
        finished_at: AT,
        total: failed + 1,
        completed: 1,
        failed,
        items: items.map((key) => ({ key, attempts: 5, error_code: 'CHECKSUM_MISMATCH', error_message: 'Cannot take it: other digest' })),
      },
    }
  }
}

describe('mirror load', () => {
  test('sends the file with its name, and writes the id of the job to standard output', async () => {
    const home = await homeWithDefinition()
    const { url, requests } = await startFakeApi(onTestFinished, STARTED)
    expect(await home.run(['mirror', 'load', 'providers.hcl', '--server', url])).toEqual({
      code: 0,
      signal: null,
      stdout: 'j1\n',
      stderr: 'Started job j1\nFollow it with: terrace mirror status j1 --watch\n',
    })
    expect(String(requests[0]?.body)).toContain('name="file"; filename="providers.hcl"')
    expect(String(requests[0]?.body)).toContain('\r\n\r\nprovider "acme/widget" {}\n\r\n')
  })

  test('takes the definition from standard input', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, STARTED)
    const { code } = await home.run(['mirror', 'load', '-', '--server', url], { input: 'provider "ä" {}' })
    expect(code).toBe(0)
    expect(requests[0]).toMatchObject({ headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from('provider "ä" {}') })
  })

  test('without the file is wrong usage, and nothing is sent', async () => {
    const home = await terraceHome(onTestFinished)
    const { code, stderr } = await home.run(['mirror', 'load', 'gone.hcl', '--server', 'https://h'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'Cannot read definition file "gone.hcl": there is no such file\n' })
  })

  test('--wait stays until the job has ended, over a restart of the server too', async () => {
    const home = await homeWithDefinition()
    const { url } = await startFakeApi(onTestFinished, {
      ...STARTED,
      'GET /api/v1/admin/jobs/j1': inTurn(RUNNING, STOPPING, STOPPING, RUNNING, COMPLETED),
    })
    expect(await home.run(['mirror', 'load', 'providers.hcl', '--wait', '--server', url])).toEqual({
      code: 0,
      signal: null,
      stdout: '',
      stderr: 'Started job j1\nCompleted 4 items, 2.5 MB\n',
    })
  })

  test('--wait follows the events of the job, and goes on where it was when the server comes back', async () => {
    const home = await homeWithDefinition()
    const event = (name: string, id: string, { json }: Reply) => `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(json)}\n\n`
    const stream = (text: string): Reply => ({ text: `retry: 2000\n\n${text}`, headers: { 'content-type': 'text/event-stream' } })
    const { url, requests } = await startFakeApi(onTestFinished, {
      ...STARTED,
      'GET /api/v1/admin/jobs/j1/events': inTurn(
        stream(event('progress', 's.1', RUNNING)),
        STOPPING,
        stream(event('end', 's.2', COMPLETED)),
      ),
      'GET /api/v1/admin/jobs/j1': inTurn(STOPPING, RUNNING, STOPPING, COMPLETED),
    })
    const { code, stderr } = await home.run(['mirror', 'load', 'providers.hcl', '--wait', '--server', url])
    expect([code, stderr]).toEqual([0, 'Started job j1\nCompleted 4 items, 2.5 MB\n'])
    const asked = requests.map(({ url: path, headers }) => [
      path.split('?')[0]?.replace('/api/v1/admin/jobs/j1', ''),
      headers['last-event-id'],
    ])
    expect(asked.slice(1)).toEqual([
      ['/events', undefined],
      ['/events', 's.1'],
      ['', undefined],
      ['', undefined],
      ['/events', 's.1'],
      ['', undefined],
      ['', undefined],
    ])
  })

  test('--wait tells every failed item and fails', async () => {
    const home = await homeWithDefinition()
    const { url } = await startFakeApi(onTestFinished, { ...STARTED, 'GET /api/v1/admin/jobs/j1': failedJob(230) })
    const { code, stdout, stderr } = await home.run(['mirror', 'load', 'providers.hcl', '--wait', '--quiet', '--server', url])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const lines = stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(230 + 2)
    expect(lines[229]).toBe('Failed: registry.terraform.io/acme/widget 1.0.229 linux_amd64: Cannot take it: other digest (5 attempts)')
    expect(lines[230]).toBe('Cannot complete job "j1": 230 of 231 items failed')
    expect(lines[231]).toContain('terrace mirror retry j1 --wait')
  })

  test('--wait --json is one document with the failed items', async () => {
    const home = await homeWithDefinition()
    const { url } = await startFakeApi(onTestFinished, { ...STARTED, 'GET /api/v1/admin/jobs/j1': failedJob(2) })
    const { code, stdout } = await home.run(['mirror', 'load', 'providers.hcl', '--wait', '--json', '--server', url])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      schema_version: 1,
      id: 'j1',
      state: 'failed',
      failed_items: [{ attempts: 5 }, { attempts: 5 }],
    })
  })

  test('--wait ends when the job cannot be read any more', async () => {
    const home = await homeWithDefinition()
    const denied = problem({ code: 'SCOPE_MISSING', status: 403, detail: 'Cannot answer the request: it lacks the scope' })
    const { url } = await startFakeApi(onTestFinished, { ...STARTED, 'GET /api/v1/admin/jobs/j1': inTurn(RUNNING, denied) })
    const { code, stderr } = await home.run(['mirror', 'load', 'providers.hcl', '--wait', '--server', url])
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('Cannot follow job "j1": it lacks the scope') })
  })

  test('ends at once when it is interrupted', async () => {
    const home = await homeWithDefinition()
    let interrupt = (): void => {}
    const { url } = await startFakeApi(onTestFinished, {
      ...STARTED,
      'GET /api/v1/admin/jobs/j1': () => {
        interrupt()
        return RUNNING
      },
    })
    const { signal } = await home.run(['mirror', 'load', 'providers.hcl', '--wait', '--server', url], {
      onStart: (child) => {
        interrupt = () => child.kill('SIGINT')
      },
    })
    expect(signal).toBe('SIGINT')
  })
})

// `script` gives a pseudo-terminal; its flags differ elsewhere.
test.skipIf(process.platform !== 'linux')('a bar is drawn on a terminal, and gone at the end', async () => {
  const home = await terraceHome(onTestFinished)
  const { url } = await startFakeApi(onTestFinished, { 'GET /api/v1/admin/jobs/j1': inTurn(RUNNING, RUNNING, COMPLETED) })
  const { code, stdout } = await home.runOnTerminal(['mirror', 'status', 'j1', '--watch', '--no-color', '--server', url])
  expect(code).toBe(0)
  // One item is done, and half of the one that runs.
  expect(stdout).toContain('\r\u001b[K[#########---------------]  37 % 1 of 4 items, 750 kB')
  expect(stdout.endsWith('\r\u001b[KCompleted 4 items, 2.5 MB\r\n')).toBe(true)
})

describe('mirror status', () => {
  test('is facts, and a failed job is no failure of looking at it', async () => {
    const home = await terraceHome(onTestFinished)
    const { url } = await startFakeApi(onTestFinished, { 'GET /api/v1/admin/jobs/j1': failedJob(1) })
    const { code, stdout, stderr } = await home.run(['mirror', 'status', 'j1', '--plain', '--server', url])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      'job\tj1',
      'title\tLoad',
      'state\tfailed',
      'items\t2 (1 completed, 1 failed, 0 running, 0 pending)',
      'bytes\t2.5 MB of 2.5 MB',
      'created\t2026-03-01 12:30 by ada',
      'finished\t2026-03-01 12:30',
      'failed\tregistry.terraform.io/acme/widget 1.0.0 linux_amd64: Cannot take it: other digest (5 attempts)',
      '',
    ])
  })
})

describe('mirror retry', () => {
  test('says how many items are tried again', async () => {
    const home = await terraceHome(onTestFinished)
    const { url } = await startFakeApi(onTestFinished, { 'POST /api/v1/admin/jobs/j1/retry': { status: 202, json: { retried: 1 } } })
    const { code, stderr } = await home.run(['mirror', 'retry', 'j1', '--server', url])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Put 1 failed item back into the queue\nFollow the job with: terrace mirror status j1 --watch\n',
    })
  })
})
