import { describe, expect, onTestFinished, test } from 'vitest'
import { page, type Responder, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const BASE = '/api/v1/namespaces'
const PAYMENTS = {
  name: 'payments',
  organization: 'acme',
  visibility: 'private',
  created_at: '2026-03-01T12:00:00.000Z',
  created_by: 'ada',
}
const ROUTES = {
  [`GET ${BASE}`]: page([PAYMENTS]),
  [`POST ${BASE}`]: { status: 201, json: null },
  [`PATCH ${BASE}/payments`]: { status: 204 },
  [`DELETE ${BASE}/payments`]: { status: 204 },
}

async function run(args: readonly string[], routes: Readonly<Record<string, Responder>> = ROUTES) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  const outcome = await home.run(['namespace', ...args], { env: { TERRACE_SERVER: url, TERRACE_TOKEN: 'tfr_key' } })
  const sent = requests.map(({ method, url: path, body }) => [
    `${method} ${path}`,
    body.length === 0 ? undefined : JSON.parse(String(body)),
  ])
  return { ...outcome, sent }
}

describe('namespace', () => {
  test('list names owners', async () => {
    const { stdout, sent } = await run(['list', '--organization', 'acme', '--plain'])
    expect(stdout).toBe('payments\tacme\tprivate\tada\n')
    expect(sent).toEqual([[`GET ${BASE}?organization=acme&limit=100&offset=0`, undefined]])
  })

  test.each([
    [['create', 'payments'], `POST ${BASE}`, { name: 'payments' }],
    [
      ['create', 'payments', '--organization', 'acme', '--private'],
      `POST ${BASE}`,
      { name: 'payments', organization: 'acme', visibility: 'private' },
    ],
    [['edit', 'payments', '--public'], `PATCH ${BASE}/payments`, { visibility: 'public' }],
    [['delete', 'payments', '--force'], `DELETE ${BASE}/payments`, undefined],
  ])('%j sends %s', async (args, request, body) => {
    const { code, sent } = await run(args)
    expect({ code, sent }).toEqual({ code: 0, sent: [[request, body]] })
  })

  test.each([
    [['edit', 'payments'], 'nothing to change is given'],
    [['edit', 'payments', '--public', '--private'], 'Cannot use "--private" together with "--public"'],
    [['delete', 'payments'], 'there is no terminal to ask on'],
  ])('%j is wrong usage, and nothing is sent', async (args, text) => {
    expect(await run(args)).toMatchObject({ code: 2, sent: [], stderr: expect.stringContaining(text) })
  })
})
