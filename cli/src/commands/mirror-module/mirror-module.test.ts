import { describe, expect, onTestFinished, test } from 'vitest'
import { page, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const MODULES = '/api/v1/admin/upstream-modules'
const MODULE = {
  id: '7',
  hostname: 'registry.example.com',
  namespace: 'acme',
  name: 'net',
  system: 'aws',
  version: '1.0.0',
  size: 100,
  sha256: 'aa',
  content_sha256: 'bb',
  source_kind: 'git',
  source_url: 'https://git.example.com/acme/net',
  ref: 'v1.0.0',
  commit: '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
  received_sha256: null,
  subdir: 'modules/a',
  created_at: '2026-03-01T12:00:00.000Z',
  created_by: 'pull-through',
  damaged: false,
}
const ROUTES = { [`GET ${MODULES}`]: page([MODULE]), [`DELETE ${MODULES}/7`]: { status: 204 } }

async function run(args: readonly string[]) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
  const outcome = await home.run(['mirror', 'module', ...args], { env: { TERRACE_SERVER: url, TERRACE_TOKEN: 'tfr_key' } })
  return { ...outcome, asked: requests.map(({ method, url: path }) => `${method} ${path}`) }
}

describe('mirror module', () => {
  test('the list says where each version came from, and takes filters', async () => {
    const { code, stdout, asked } = await run(['list', '--namespace', 'acme', '--hostname', 'registry.example.com'])
    expect(code).toBe(0)
    for (const text of ['registry.example.com/acme/net/aws', 'https://git.example.com/acme/net//modules/a', MODULE.commit]) {
      expect(stdout).toContain(text)
    }
    expect(asked[0]).toContain('namespace=acme')
    expect(asked[0]).toContain('hostname=registry.example.com')
  })

  test('for a script it is the whole answer', async () => {
    expect(JSON.parse((await run(['list', '--json'])).stdout)).toMatchObject({ items: [MODULE], total: 1 })
  })

  test('a deletion is sent with --force, and not without an answer', async () => {
    expect(await run(['delete', '7', '--force'])).toMatchObject({ code: 0, asked: [`DELETE ${MODULES}/7`] })
    const unanswered = await run(['delete', '7'])
    expect(unanswered.code).not.toBe(0)
    expect(unanswered.asked).toEqual([])
  })
})
