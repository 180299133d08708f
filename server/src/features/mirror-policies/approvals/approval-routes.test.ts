import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'
import { type TestClock, testClock } from '../../../testing/test-edge.ts'
import { addMember, type TestMember } from '../../../testing/test-tenants.ts'

const BASE = '/api/v1/admin/mirror-approvals'
const OVERRIDE = '/api/v1/admin/mirror-approvals/override'
const ADDRESS = 'registry.example.com/acme/widget'

interface ApprovalAnswer {
  readonly id: string
  readonly state: string
}

async function decisionOf(app: OpenTestApp, address: string, version?: string): Promise<string> {
  const url = '/api/v1/admin/mirror-policies/test'
  return (await app.asAdmin({ method: 'POST', url, payload: { address, version } })).json<{ decision: string }>().decision
}

/** Everything needs an approval from now on. */
async function requireApprovals(app: OpenTestApp): Promise<void> {
  const payload = { name: 'Ask first', priority: 100, effect: 'require_approval' }
  await app.asAdmin({ method: 'POST', url: '/api/v1/admin/mirror-policies', payload })
}

describe.each(DIALECTS)('approvals on %s', (dialect) => {
  let app: OpenTestApp
  let reader: TestMember
  beforeAll(async () => {
    app = await openTestApp(dialect)
    reader = await addMember(app, { organization: 'default', username: 'reader', role: 'viewer' })
    await requireApprovals(app)
  })
  afterAll(() => app.close())

  const ask = async (payload: object) => (await reader.request({ method: 'POST', url: BASE, payload })).json<ApprovalAnswer>()
  const approve = (id: string, payload = {}) =>
    app.asAdmin({ method: 'POST', url: `/api/v1/admin/mirror-approvals/${id}/approve`, payload })
  const reject = (id: string, payload = {}) => app.asAdmin({ method: 'POST', url: `/api/v1/admin/mirror-approvals/${id}/reject`, payload })

  test('a reader asks, an administrator approves, and the version may come in', async () => {
    expect(await decisionOf(app, ADDRESS, '1.0.0')).toBe('needs_approval')
    const asked = await ask({ address: ADDRESS, version: '1.0.0', reason: 'For the new network' })
    expect(asked).toMatchObject({ kind: 'approval', address: ADDRESS, version: '1.0.0', state: 'pending', needed: 1, approvals: 0 })
    const told = (await app.asAdmin({ url: '/api/v1/admin/notifications?kind=approval_requested' })).json<{ items: object[] }>()
    expect(told.items[0]).toMatchObject({ subject: `${ADDRESS} 1.0.0`, message: expect.stringContaining('For the new network') })
    expect(await decisionOf(app, ADDRESS, '1.0.0')).toBe('needs_approval')
    expect((await reader.request({ method: 'POST', url: `${BASE}/${asked.id}/approve`, payload: {} })).statusCode).toBe(403)
    const approved = await approve(asked.id, { reason: 'Looks right' })
    expect(approved.json()).toMatchObject({
      state: 'approved',
      requested_by: 'reader/test',
      decisions: [{ decision: 'approve', by: 'admin', reason: 'Looks right' }],
    })
    expect(await decisionOf(app, ADDRESS, '1.0.0')).toBe('allowed')
    expect(await decisionOf(app, ADDRESS, '1.0.1')).toBe('needs_approval')
  })

  test('an approval of the provider is one of every version, and may be taken back', async () => {
    const address = 'registry.example.com/acme/gadget'
    const { id } = await ask({ address, reason: 'All of it' })
    await approve(id)
    expect(await decisionOf(app, address, '9.9.9')).toBe('allowed')
    expect((await reject(id, { reason: 'Changed hands' })).json()).toMatchObject({ state: 'rejected' })
    expect(await decisionOf(app, address, '9.9.9')).toBe('needs_approval')
    expect((await reject(id)).json()).toMatchObject({ status: 409, code: 'MIRROR_APPROVAL_DECIDED' })
    expect((await approve(id)).json()).toMatchObject({ status: 409, code: 'MIRROR_APPROVAL_DECIDED' })
  })

  test('the same is asked for once, and again after it was rejected', async () => {
    const wish = { address: 'registry.example.com/acme/bolt', reason: 'Needed' }
    const { id } = await ask(wish)
    expect(await ask(wish)).toMatchObject({ status: 409, code: 'MIRROR_APPROVAL_EXISTS', context: { id, state: 'pending' } })
    await reject(id)
    expect(await ask(wish)).toMatchObject({ state: 'pending' })
  })

  test('requests are listed newest first, by state', async () => {
    const { id } = await ask({ address: 'registry.example.com/acme/newest', reason: 'Needed' })
    const list = (await reader.request({ url: `${BASE}?state=pending&limit=1` })).json<{ items: ApprovalAnswer[]; total: number }>()
    expect(list.items.map((item) => item.id)).toEqual([id])
    expect(list.total).toBeGreaterThan(1)
    expect((await reader.request({ url: `/api/v1/admin/mirror-approvals/${id}` })).json()).toMatchObject({ id, state: 'pending' })
  })

  test.each([
    ['no reason', { address: ADDRESS, reason: ' ' }, 400],
    ['an address that is none', { address: 'https://a.b/c', reason: 'x' }, 400],
  ])('%s is refused', async (_what, payload, status) => {
    expect((await reader.request({ method: 'POST', url: BASE, payload })).statusCode).toBe(status)
  })

  test('what is not there cannot be decided', async () => {
    expect((await approve('nothing')).json()).toMatchObject({ status: 404, code: 'MIRROR_APPROVAL_NOT_FOUND' })
  })
})

describe.each(DIALECTS)('approvals by two people on %s', (dialect) => {
  let app: OpenTestApp
  let people: TestMember[]
  beforeAll(async () => {
    app = await openTestApp(dialect, { TFR_MIRROR_APPROVALS_NEEDED: '2', TFR_MIRROR_COOL_DOWN_DAYS: '7' })
    people = []
    for (const username of ['ada', 'bob', 'cyd']) people.push(await addMember(app, { organization: 'default', username, role: 'devops' }))
    await requireApprovals(app)
  })
  afterAll(() => app.close())

  const person = (place: number) => people[place] as TestMember
  const send = async (place: number, url: string, payload: object) =>
    (await person(place).request({ method: 'POST', url, payload })).json<ApprovalAnswer>()
  const approve = (place: number, id: string) => send(place, `${BASE}/${id}/approve`, {})

  test('need two others than the one who asked, each once', async () => {
    const { id } = await send(0, BASE, { address: ADDRESS, reason: 'Needed' })
    expect(await approve(0, id)).toMatchObject({ status: 409, code: 'MIRROR_APPROVAL_DECIDED' })
    expect(await approve(1, id)).toMatchObject({ state: 'pending', approvals: 1, needed: 2 })
    expect(await approve(1, id)).toMatchObject({ status: 409, code: 'MIRROR_APPROVAL_DECIDED' })
    expect(await decisionOf(app, ADDRESS)).toBe('needs_approval')
    expect(await approve(2, id)).toMatchObject({ state: 'approved', approvals: 2 })
    expect(await decisionOf(app, ADDRESS)).toBe('allowed')
  })

  test('of two who approve at the same time both count', async () => {
    const { id } = await send(0, BASE, { address: 'registry.example.com/acme/both', reason: 'Needed' })
    await Promise.all([approve(1, id), approve(2, id)])
    expect((await person(0).request({ url: `${BASE}/${id}` })).json()).toMatchObject({ state: 'approved', approvals: 2 })
  })

  test('an override of the cool-down waits for them too', async () => {
    const wish = { address: ADDRESS, version: '3.0.0', reason: 'Fixes a hole' }
    const asked = await send(0, OVERRIDE, wish)
    expect(asked).toMatchObject({ kind: 'cool_down', state: 'pending', needed: 2 })
    expect(await approve(0, asked.id)).toMatchObject({ code: 'MIRROR_APPROVAL_DECIDED' })
    await approve(1, asked.id)
    expect(await approve(2, asked.id)).toMatchObject({ state: 'approved' })
  })
})

// reliability.md row 46.
describe.each(DIALECTS)('the cool-down on %s', (dialect) => {
  let app: OpenTestApp
  let clock: TestClock
  beforeAll(async () => {
    clock = testClock()
    app = await openTestApp(dialect, { TFR_MIRROR_COOL_DOWN_DAYS: '7' }, { clock })
  })
  afterAll(() => app.close())

  const address = { hostname: 'registry.example.com', namespace: 'acme', type: 'widget' }
  const listed = async (versions: readonly string[]) =>
    [...(await app.deps.policy.decideVersions(address, versions))].map(([version, { decision }]) => `${version} ${decision}`)

  test('holds a version for so many days after it was first listed, unless that is overridden', async () => {
    expect(await listed(['1.0.0', '1.1.0'])).toEqual(['1.0.0 held', '1.1.0 held'])
    const payload = { address: ADDRESS, version: '1.1.0', reason: 'Fixes a hole' }
    const override = await app.asAdmin({ method: 'POST', url: OVERRIDE, payload })
    expect(override.statusCode).toBe(201)
    expect(override.json()).toMatchObject({ kind: 'cool_down', state: 'approved', reason: 'Fixes a hole', decisions: [{ by: 'admin' }] })
    expect(await listed(['1.0.0', '1.1.0'])).toEqual(['1.0.0 held', '1.1.0 allowed'])
    const audit = (await app.asAdmin({ url: '/api/v1/audit?limit=1' })).json<{ items: object[] }>()
    expect(audit.items[0]).toMatchObject({
      action: 'mirror_cool_down.override',
      object: `${ADDRESS} 1.1.0`,
      details: { reason: 'Fixes a hole', requested_by: 'admin' },
    })
    clock.advance(7 * 24 * 60 * 60 * 1000)
    expect(await listed(['1.0.0', '1.2.0'])).toEqual(['1.0.0 allowed', '1.2.0 held'])
    expect((await app.deps.policy.decide({ ...address, version: '1.0.0' })).decision).toBe('allowed')
    expect((await app.deps.policy.decide({ ...address, version: '1.3.0' })).decision).toBe('held')
  })
})
