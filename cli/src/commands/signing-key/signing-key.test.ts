import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { page, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

describe('signing-key', () => {
  const FINGERPRINT = 'C874011F0AB405110D02105534365D9472D7468F'
  const KEY = { id: 'k1', hostname: 'registry.terraform.io', namespace: 'acme', type: null, fingerprint: FINGERPRINT, state: 'pending' }

  test.each([[FINGERPRINT], ['0x34365d9472d7468f'], ['k1']])('accept finds the key by %s', async (name) => {
    const home = await terraceHome(onTestFinished)
    const { url } = await startFakeApi(onTestFinished, {
      'GET /api/v1/admin/signing-keys': page([KEY]),
      'POST /api/v1/admin/signing-keys/k1/accept': { json: { ...KEY, state: 'trusted' } },
    })
    const { code, stderr } = await home.run(['signing-key', 'accept', name, '--server', url])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(`Trusted ${FINGERPRINT} for "registry.terraform.io/acme"\n`),
    })
  })

  test('a fingerprint that is known for several scopes must be told apart', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, {
      'GET /api/v1/admin/signing-keys': page([KEY, { ...KEY, id: 'k2', namespace: 'other' }]),
    })
    const { code, stderr } = await home.run(['signing-key', 'reject', FINGERPRINT, '--server', url])
    expect(code).toBe(2)
    expect(stderr).toContain('Use an id: k1 (registry.terraform.io/acme), k2 (registry.terraform.io/other)')
    expect(requests).toHaveLength(1)
  })

  const ANSWER = { ...KEY, scope: 'registry.terraform.io/acme', user_id: 'Acme', retired_at: '2026-12-31T00:00:00.000Z' }
  const REFRESHED = { scope: ANSWER.scope, url: 'https://acme.example/key', outcome: 'extended', fingerprint: FINGERPRINT, failure: null }

  async function run(args: readonly string[], outcome: object = REFRESHED) {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, {
      'GET /api/v1/admin/signing-keys': page([KEY]),
      'POST /api/v1/admin/signing-keys': { status: 201, json: ANSWER },
      'POST /api/v1/admin/signing-keys/k1/retire': { json: ANSWER },
      'DELETE /api/v1/admin/signing-keys/k1': { status: 204 },
      'POST /api/v1/admin/signing-keys/refresh': { json: { items: [outcome] } },
      'GET /api/v1/admin/signing-keys/sources': { json: { items: [{ ...REFRESHED, fingerprints: [FINGERPRINT], succeeded_at: null }] } },
    })
    await writeFile(join(home.folder, 'key.asc'), 'an armored key')
    const answer = await home.run(['signing-key', ...args], { env: { TERRACE_SERVER: url, TERRACE_TOKEN: 'tfr_key' } })
    const [sent] = requests.filter(({ method, url: path }) => method !== 'GET' || path.includes('sources'))
    return { ...answer, sent: sent && [`${sent.method} ${sent.url}`, sent.body.length === 0 ? undefined : JSON.parse(String(sent.body))] }
  }

  test('add sends the file and writes the id', async () => {
    const args = ['add', 'registry.terraform.io/acme', 'key.asc', '--fingerprint', 'C874 011F']
    const { code, stdout, sent } = await run(args)
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'k1\n' })
    const body = { scope: 'registry.terraform.io/acme', ascii_armor: 'an armored key', fingerprint: 'C874 011F' }
    expect(sent).toEqual(['POST /api/v1/admin/signing-keys', body])
  })

  test.each([
    [['retire', FINGERPRINT, '--at', '2026-12-31'], 'POST /api/v1/admin/signing-keys/k1/retire', { at: '2026-12-31T00:00:00.000Z' }],
    [['retire', 'k1'], 'POST /api/v1/admin/signing-keys/k1/retire', {}],
    [['delete', 'k1', '--force'], 'DELETE /api/v1/admin/signing-keys/k1', undefined],
    [['refresh', 'registry.terraform.io/acme'], 'POST /api/v1/admin/signing-keys/refresh', { scope: 'registry.terraform.io/acme' }],
    [['sources'], 'GET /api/v1/admin/signing-keys/sources', undefined],
  ])('%j sends %s', async (args, request, body) => {
    expect(await run(args)).toMatchObject({ code: 0, sent: [request, body] })
  })

  test('retire with a time that is none is wrong usage', async () => {
    expect(await run(['retire', 'k1', '--at', 'soon'])).toMatchObject({ code: 2, sent: undefined })
  })

  test('refresh fails when an address gave another key, and shows why', async () => {
    const { code, stdout } = await run(['refresh', '--plain'], {
      ...REFRESHED,
      outcome: 'failed',
      fingerprint: null,
      failure: 'it is another key',
    })
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringContaining('\tfailed\t\thttps://acme.example/key\tit is another key\n'),
    })
  })

  test('the list tells what a key is for and when it ends', async () => {
    const home = await terraceHome(onTestFinished)
    const times = { created_at: '2026-03-01T12:00:00.000Z', expires_at: '2026-04-01T12:00:00.000Z', expires_soon: true, retired_at: null }
    const row = { ...KEY, ...times, type: 'widget', user_id: 'Acme', source: 'announced' }
    const { url } = await startFakeApi(onTestFinished, { 'GET /api/v1/admin/signing-keys': page([row]) })
    const { stdout } = await home.run(['signing-key', 'list', '--plain', '--server', url])
    expect(stdout).toMatch(/\tregistry\.terraform\.io\/acme\/widget\t.*\(soon\)\n$/)
  })
})
