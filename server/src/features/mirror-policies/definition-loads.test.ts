import { describe, expect, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { archivesOf, definitionOf, load, mirrorSettings, ORIGIN, retry, runJobs } from '../../testing/mirror-jobs.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'
import { testClock } from '../../testing/test-edge.ts'

const send = async (app: TestApp, url: string, payload: object) => {
  const response = await app.asAdmin({ method: 'POST', url, payload })
  if (response.statusCode >= 300) throw new Error(`Refused: ${response.body}`)
  return response.json<{ id: string }>()
}

const addRule = (app: TestApp, fields: object) =>
  send(app, '/api/v1/admin/mirror-policies', { name: 'Ours', priority: 100, upstream: ORIGIN, ...fields })

async function mirrorOf(dialect: Dialect, env: Readonly<Record<string, string>> = {}) {
  const upstream = await startFakeUpstream()
  await upstream.addProvider('acme/widget', { versions: { '1.0.0': {}, '1.1.0': {}, '2.0.0': {} } })
  const app = await testApp(dialect, mirrorSettings(upstream, env), { clock: testClock() })
  runJobs(app)
  return { upstream, app }
}

const held = async (app: TestApp) => {
  const versions = ['1.0.0', '1.1.0', '2.0.0']
  const archives = await Promise.all(versions.map((version) => archivesOf(app, 'acme/widget', version)))
  return versions.filter((_version, place) => Object.keys(archives[place] ?? {}).length > 0)
}

describe.each(DIALECTS)('definition loads under policies on %s', (dialect) => {
  test('a provider that is denied is not asked for', async () => {
    const { upstream, app } = await mirrorOf(dialect)
    await addRule(app, { effect: 'deny', type: 'wid*', reason: 'They rust' })
    const job = await load(app, definitionOf('acme/widget'))
    expect(job).toMatchObject({ state: 'failed', failed: 1, total: 1 })
    expect(job.items[0]).toMatchObject({ error_code: 'POLICY_REFUSED', attempts: 1 })
    expect(job.items[0]?.error_message).toBe(
      `Cannot mirror "${ORIGIN}/acme/widget": rule "Ours" (priority 100) matches first and denies it: They rust`,
    )
    expect(upstream.requests).toEqual([])
  })

  test('a range leaves out what is denied, and an exact version fails with the name of the rule', async () => {
    const { upstream, app } = await mirrorOf(dialect)
    await addRule(app, { effect: 'deny', version: '>= 2.0' })
    expect(await load(app, definitionOf('acme/widget', ['>= 1.0']))).toMatchObject({ state: 'completed', failed: 0 })
    expect(await held(app)).toEqual(['1.0.0', '1.1.0'])
    const job = await load(app, definitionOf('acme/widget', ['2.0.0']))
    const refused = job.items.filter(({ state }) => state === 'failed')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.map((item) => item.error_code)).toEqual(refused.map(() => 'POLICY_REFUSED'))
    expect(refused[0]?.error_message).toContain('rule "Ours"')
    expect(upstream.countRequests('2.0.0')).toBe(0)
    const range = await load(app, definitionOf('acme/widget', ['>= 2.0']))
    expect(range.items[0]).toMatchObject({ error_code: 'POLICY_REFUSED', error_message: expect.stringContaining('acme/widget 2.0.0') })
  })

  test('what waits for an approval is loaded by a retry after it', async () => {
    const { app } = await mirrorOf(dialect)
    await addRule(app, { effect: 'require_approval' })
    const job = await load(app, definitionOf('acme/widget'))
    expect(job.items[0]).toMatchObject({ error_code: 'POLICY_REFUSED', error_message: expect.stringContaining('Nobody has approved') })
    const { id } = await send(app, '/api/v1/admin/mirror-approvals', {
      address: `${ORIGIN}/acme/widget`,
      version: '1.0.0',
      reason: 'Needed',
    })
    await send(app, `/api/v1/admin/mirror-approvals/${id}/approve`, {})
    expect(await retry(app, job.id)).toMatchObject({ state: 'completed' })
    expect(await held(app)).toEqual(['1.0.0'])
  })

  test('a version that cools down comes in when that is overridden', async () => {
    const { upstream, app } = await mirrorOf(dialect, { TFR_MIRROR_COOL_DOWN_DAYS: '7' })
    const job = await load(app, definitionOf('acme/widget'))
    expect(job.items.at(-1)).toMatchObject({ error_code: 'POLICY_REFUSED', error_message: expect.stringContaining('cool-down of 7 days') })
    expect(upstream.requests.filter(({ path }) => path.includes('/download/') || path.startsWith('/files'))).toEqual([])
    const payload = { address: `${ORIGIN}/acme/widget`, version: '1.0.0', reason: 'Read it' }
    await send(app, '/api/v1/admin/mirror-approvals/override', payload)
    expect(await retry(app, job.id)).toMatchObject({ state: 'completed' })
    expect(await held(app)).toEqual(['1.0.0'])
  })
})

// requirements.md C10; reliability.md row 45.
describe.each(DIALECTS)('a namespace that is claimed here on %s', (dialect) => {
  const claim = (app: TestApp) => app.asAdmin({ method: 'POST', url: '/api/v1/namespaces', payload: { name: 'acme' } })

  test('is never asked for upstream, also after it is deleted', async () => {
    const { upstream, app } = await mirrorOf(dialect)
    expect((await claim(app)).statusCode).toBe(201)
    const refused = {
      state: 'failed',
      items: [{ error_code: 'POLICY_REFUSED', error_message: expect.stringContaining('is claimed here') }],
    }
    expect(await load(app, definitionOf('acme/widget'))).toMatchObject(refused)
    await app.asAdmin({ method: 'DELETE', url: '/api/v1/namespaces/acme' })
    expect(await load(app, definitionOf('acme/widget'))).toMatchObject(refused)
    expect(upstream.requests).toEqual([])
  })

  test('comes from an upstream that a rule allows by name, unless that is the host of addresses without one', async () => {
    const { upstream, app } = await mirrorOf(dialect)
    await claim(app)
    await addRule(app, { effect: 'allow', namespace: 'acme' })
    expect(await load(app, definitionOf('acme/widget'))).toMatchObject({ state: 'completed' })
    expect(upstream.countRequests('/acme/widget/versions')).toBe(1)
  })

  test('never comes from the host of addresses without one', async () => {
    const { upstream, app } = await mirrorOf(dialect, { TFR_PROVIDERS_DEFAULT_HOSTNAME: ORIGIN })
    await claim(app)
    await addRule(app, { effect: 'allow', namespace: 'acme' })
    expect(await load(app, definitionOf('acme/widget'))).toMatchObject({ state: 'failed', items: [{ error_code: 'POLICY_REFUSED' }] })
    expect(upstream.requests).toEqual([])
  })
})
