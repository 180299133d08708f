import { expect, onTestFinished, test } from 'vitest'
import { page, type Responder, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const QUARANTINE = '/api/v1/admin/quarantine'
const NOTIFICATIONS = '/api/v1/admin/notifications'
const ENTRY = {
  id: '7',
  hostname: 'registry.example.com',
  namespace: 'acme',
  type: 'widget',
  version: '1.0.0',
  os: 'linux',
  arch: 'amd64',
  step: 'checksum',
  code: 'CHECKSUM_MISMATCH',
  message: 'sha256 mismatch',
  evidence: { expected: 'aa11', found: 'bb22' },
  upstream_url: 'https://files.example.com/widget.zip',
  job_id: '9',
  attempts: 2,
  first_seen_at: '2026-03-01T12:00:00.000Z',
  created_at: '2026-03-01T13:00:00.000Z',
  held_back_until: '2026-03-02T13:00:00.000Z',
  releasable: false,
  next_step: 'Try again: terrace quarantine retry 7',
  release: null,
}
const NOTE = {
  id: '5',
  kind: 'digest_changed',
  subject: 'registry.example.com/acme/widget 1.0.0',
  message: 'The upstream signs other bytes than before',
  hint: 'Ask the publisher',
  organization: null,
  created_at: '2026-03-01T12:00:00.000Z',
  read_at: null,
  read_by: null,
}
const ROUTES = {
  [`GET ${QUARANTINE}`]: page([ENTRY]),
  [`GET ${QUARANTINE}/7`]: { json: ENTRY },
  [`POST ${QUARANTINE}/7/retry`]: { status: 202, json: { job_id: '9' } },
  [`POST ${QUARANTINE}/7/release`]: { status: 202, json: { job_id: '9' } },
  [`DELETE ${QUARANTINE}/7`]: { status: 204 },
  [`GET ${NOTIFICATIONS}`]: page([NOTE]),
  [`POST ${NOTIFICATIONS}/read`]: { json: { read: 3 } },
  [`POST ${NOTIFICATIONS}/5/read`]: { json: { ...NOTE, read_at: '2026-03-01T12:00:00.000Z', read_by: 'ada' } },
}

async function run(args: readonly string[], routes: Readonly<Record<string, Responder>> = ROUTES) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  const result = await home.run(args, { env: { TERRACE_SERVER: url, TERRACE_TOKEN: 'tfr_key' } })
  return { result, sent: requests.map(({ url: path, body }) => [path, body.length === 0 ? '' : JSON.parse(String(body))]) }
}

test('the list names package, check and reason', async () => {
  const { result, sent } = await run(['quarantine', 'list', '--step', 'checksum'])
  for (const part of ['registry.example.com/acme/widget 1.0.0 linux_amd64', 'checksum', 'sha256 mismatch'])
    expect(result.stdout).toContain(part)
  expect(sent[0]?.[0]).toContain('step=checksum')
})

test('an entry shows the evidence and what to do', async () => {
  const { result } = await run(['quarantine', 'show', '7'])
  for (const part of ['aa11', 'bb22', 'https://files.example.com/widget.zip', 'Try again: terrace quarantine retry 7']) {
    expect(result.stdout).toContain(part)
  }
})

test('a retry and a release answer the job, a release needs a reason', async () => {
  expect((await run(['quarantine', 'retry', '7'])).result.stdout).toBe('9\n')
  const released = await run(['quarantine', 'release', '7', '--reason', 'Confirmed'])
  expect(released.result.stdout).toBe('9\n')
  expect(released.sent).toEqual([[`${QUARANTINE}/7/release`, { reason: 'Confirmed' }]])
  const refused = await run(['quarantine', 'release', '7'])
  expect([refused.result.code, refused.sent]).toEqual([2, []])
  expect(refused.result.stderr).toContain('no reason is given')
})

test('a removed entry lets nothing in', async () => {
  const { result, sent } = await run(['quarantine', 'delete', '7'])
  expect([result.code, sent]).toEqual([0, [[`${QUARANTINE}/7`, '']]])
  expect(result.stderr).toContain('Nothing is let in')
})

test('notifications are those that nobody has read, unless all are asked for', async () => {
  const unread = await run(['notification', 'list'])
  expect(unread.result.stdout).toContain('The upstream signs other bytes than before')
  expect(unread.sent[0]?.[0]).toContain('unread=true')
  const all = await run(['notification', 'list', '--all', '--kind', 'digest_changed'])
  expect(all.sent[0]?.[0]).not.toContain('unread')
  expect(all.sent[0]?.[0]).toContain('kind=digest_changed')
})

test('one or all are marked as read, not neither', async () => {
  expect((await run(['notification', 'read', '5'])).result.stderr).toContain('Read by ada')
  expect((await run(['notification', 'read', '--all'])).result.stderr).toContain('Marked 3 notifications as read')
  expect((await run(['notification', 'read'])).result.code).toBe(2)
})
