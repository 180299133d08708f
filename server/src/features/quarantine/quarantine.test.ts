import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Worker } from '../../base/queue/worker.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import type { FakeVersionInput } from '../../testing/fake-upstream/fake-version.ts'
import { archivesOf, definitionOf, load, mirrorSettings, ORIGIN, startJobs, untilDone } from '../../testing/mirror-jobs.ts'
import { onDemandApp } from '../../testing/on-demand.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import { type TestClock, testClock } from '../../testing/test-edge.ts'
import { createTestMirror, historyOf, syncMirror } from '../../testing/test-mirrors.ts'

interface Entry {
  readonly id: string
  readonly step: string
  readonly attempts: number
  readonly releasable: boolean
  readonly next_step: string
  readonly evidence: Readonly<Record<string, unknown>>
}

const HOUR_MS = 3_600_000

let upstream: FakeUpstream
beforeAll(async () => {
  upstream = await startFakeUpstream()
})
afterAll(() => upstream.close())

describe.each(DIALECTS)('quarantine on %s', (dialect) => {
  let app: OpenTestApp
  let worker: Worker
  let clock: TestClock
  beforeAll(async () => {
    clock = testClock()
    app = await openTestApp(dialect, mirrorSettings(upstream, { TFR_MIRROR_QUARANTINE_HOURS: '1' }), { clock })
    worker = startJobs(app)
  })
  afterAll(async () => {
    await worker.stop(0)
    await app.close()
  })

  const nameOf = (what: string) => `${dialect}-${what}/widget`
  const offer = (name: string, version: FakeVersionInput) => upstream.addProvider(name, { versions: { '1.0.0': version } })
  const listOf = async (name: string, query = '') => {
    const [namespace] = name.split('/')
    return (await app.asAdmin({ url: `/api/v1/admin/quarantine?namespace=${namespace}${query}` })).json<{ items: Entry[] }>().items
  }
  /** Has it refused, and answers its entry. */
  const refused = async (what: string, version: FakeVersionInput) => {
    const name = nameOf(what)
    await offer(name, version)
    const job = await load(app, definitionOf(name))
    const [entry] = await listOf(name)
    if (entry === undefined) throw new Error('Nothing was quarantined')
    return { name, entry, job }
  }
  const show = (id: string) => app.asAdmin({ url: `/api/v1/admin/quarantine/${id}` })
  const retry = (id: string) => app.asAdmin({ method: 'POST', url: `/api/v1/admin/quarantine/${id}/retry` })
  const release = (id: string, payload: object = { reason: 'Asked the publisher' }) =>
    app.asAdmin({ method: 'POST', url: `/api/v1/admin/quarantine/${id}/release`, payload })
  const remove = (id: string) => app.asAdmin({ method: 'DELETE', url: `/api/v1/admin/quarantine/${id}` })
  const ended = async (answer: Awaited<ReturnType<typeof retry>>) => {
    expect(answer.statusCode).toBe(202)
    return untilDone(app, answer.json<{ job_id: string }>().job_id)
  }
  const auditOf = async (action: string, name: string) => {
    const url = `/api/v1/audit?action=${action}&object=${ORIGIN}/${name}`
    return (await app.asAdmin({ url })).json<{ items: { actor: { name: string }; details: object }[] }>().items
  }
  const zips = (name: string) => upstream.requests.filter(({ path }) => path.startsWith(`/files/${name}/`) && path.endsWith('.zip')).length

  // requirements.md MIR-14, ux.md: evidence and what to do.
  test('an entry shows what was expected and found, where, when, by which job, and what to do', async () => {
    const { name, entry, job } = await refused('evidence', { defects: { corruptByte: true } })
    expect((await show(entry.id)).json()).toMatchObject({
      step: 'checksum',
      evidence: {
        expected: upstream.package(name, '1.0.0').shasum,
        found: expect.stringMatching(/^[0-9a-f]{64}$/),
        announced: { key_ids: [expect.stringMatching(/^[0-9A-F]{16}$/)], shasums_url: expect.stringContaining('SHA256SUMS') },
      },
      upstream_url: expect.stringContaining(upstream.url),
      job_id: job.id,
      attempts: 1,
      created_at: new Date(clock.now()).toISOString(),
      held_back_until: new Date(clock.now() + HOUR_MS).toISOString(),
      releasable: false,
      next_step: expect.stringContaining(`terrace quarantine retry ${entry.id}`),
      release: null,
    })
    expect(await listOf(name, '&step=checksum')).toHaveLength(1)
    expect(await listOf(name, '&step=content')).toEqual([])
  })

  test('what is found again is counted, and told and audited once', async () => {
    const { name } = await refused('again', { defects: { corruptByte: true } })
    await load(app, definitionOf(name))
    expect(await listOf(name)).toMatchObject([{ attempts: 2 }])
    expect(await auditOf('provider_package.quarantine', name)).toHaveLength(1)
    const told = (await app.asAdmin({ url: '/api/v1/admin/notifications?limit=100' })).json<{
      items: { kind: string; subject: string }[]
    }>()
    const theirs = told.items.filter(({ subject }) => subject === `${ORIGIN}/${name} 1.0.0 linux_amd64`)
    expect(theirs).toMatchObject([{ kind: 'package_quarantined' }])
    await offer(name, { defects: { notAZip: true } })
    clock.advance(61_000)
    await load(app, definitionOf(name))
    expect(await listOf(name)).toMatchObject([{ step: 'content', attempts: 1 }])
    expect(await auditOf('provider_package.quarantine', name)).toHaveLength(2)
  })

  test('a retry lets a mended package in, and it leaves', async () => {
    const { name, entry } = await refused('mended', { defects: { corruptByte: true } })
    expect(await ended(await retry(entry.id))).toMatchObject({ state: 'failed' })
    expect(await listOf(name)).toMatchObject([{ attempts: 2 }])
    await upstream.setDefects(name, '1.0.0')
    expect(await ended(await retry(entry.id))).toMatchObject({ state: 'completed', created_by: 'admin' })
    expect(await listOf(name)).toEqual([])
    expect(Object.keys(await archivesOf(app, name))).toEqual(['linux_amd64'])
    expect(await auditOf('quarantine.retry', name)).toMatchObject([{ actor: { name: 'admin' } }, { actor: { name: 'admin' } }])
  })

  test('a removed entry is gone, which lets nothing in', async () => {
    const { name, entry } = await refused('removed', { defects: { corruptByte: true } })
    expect((await remove(entry.id)).statusCode).toBe(204)
    expect(await listOf(name)).toEqual([])
    expect(await archivesOf(app, name)).toEqual({})
    expect(await auditOf('quarantine.delete', name)).toMatchObject([{ details: { step: 'checksum', code: 'CHECKSUM_MISMATCH' } }])
    for (const answer of [await show(entry.id), await retry(entry.id), await release(entry.id), await remove(entry.id)]) {
      expect(answer.json()).toMatchObject({ status: 404, code: 'QUARANTINE_NOT_FOUND' })
    }
  })

  // P4: digests and signatures are nobody's to decide.
  test.each([
    ['checksum', { corruptByte: true }, 'contradict the signed list'],
    ['list', { wrongChecksum: true }, 'contradict the signed list'],
    ['blank', { blankLine: true }, 'crashes clients'],
    ['unsigned', { badSignature: true }, 'no trusted key has signed'],
    ['hostile', { notAZip: true }, 'harm whoever unpacks it'],
  ])('what failed by its %s cannot be released', async (what, defects, why) => {
    const { name, entry } = await refused(`never-${what}`, { defects })
    const answer = await release(entry.id)
    expect(answer.json()).toMatchObject({ status: 409, code: 'QUARANTINE_NOT_RELEASABLE', hint: expect.stringContaining(why) })
    expect(await listOf(name)).toMatchObject([{ id: entry.id, releasable: false, attempts: 1 }])
    expect(await auditOf('quarantine.release', name)).toEqual([])
  })

  test('a key that is not trusted is decided about by trusting it, with the command that does', async () => {
    const name = nameOf('key')
    await offer(name, {})
    await load(app, definitionOf(name))
    await upstream.addProvider(name, { versions: { '1.0.0': {}, '1.1.0': { defects: { rotatedKey: true } } } })
    await load(app, definitionOf(name, ['1.1.0']))
    const [entry] = await listOf(name)
    expect(entry?.step).toBe('signing_key')
    const fingerprint = String(entry?.evidence.fingerprint)
    expect((await release(entry?.id ?? '')).json()).toMatchObject({
      code: 'QUARANTINE_NOT_RELEASABLE',
      hint: expect.stringContaining(`terrace signing-key accept ${fingerprint}`),
    })
    expect(await archivesOf(app, name, '1.1.0')).toEqual({})
  })

  test('a finding about the content is let pass for these bytes, and the decision stays with the package', async () => {
    const { name, entry } = await refused('content', { defects: { wrongBinaryName: true } })
    expect(entry).toMatchObject({ step: 'content', releasable: true, evidence: { sha256: upstream.package(name, '1.0.0').shasum } })
    expect((await release(entry.id, {})).statusCode).toBe(400)
    expect((await release(entry.id, { reason: '  ' })).statusCode).toBe(400)
    expect(await ended(await release(entry.id))).toMatchObject({ state: 'completed' })
    expect(await listOf(name)).toEqual([])
    const { linux_amd64: archive } = await archivesOf(app, name)
    expect((await app.request(archive?.url ?? '')).rawPayload.equals(upstream.package(name, '1.0.0').body)).toBe(true)
    const held = await app.asAdmin({ url: `/api/v1/admin/providers?namespace=${name.split('/')[0]}` })
    expect(held.json()).toMatchObject({
      items: [{ accepted_findings: { rules: ['binary_name'], reason: 'Asked the publisher', by: 'admin', message: expect.any(String) } }],
    })
    expect(await auditOf('quarantine.release', name)).toMatchObject([{ details: { reason: 'Asked the publisher', step: 'content' } }])
    expect(await auditOf('provider_package.mirror', name)).toMatchObject([{ details: { accepted: { by: 'admin' } } }])
  })

  // The decision is about bytes that somebody has looked at.
  test('a release lets no other bytes in', async () => {
    const { name, entry } = await refused('swapped', { defects: { wrongBinaryName: true } })
    await offer(name, { content: 'other bytes', defects: { wrongBinaryName: true } })
    expect(await ended(await release(entry.id))).toMatchObject({ state: 'failed' })
    expect(await archivesOf(app, name)).toEqual({})
    const [after] = await listOf(name)
    expect(after).toMatchObject({ id: entry.id, release: null, evidence: { sha256: upstream.package(name, '1.0.0').shasum } })
    expect(after?.evidence.sha256).not.toBe(entry.evidence.sha256)
  })

  test('a schedule leaves a refused package alone for its time, and tries again then', async () => {
    const name = nameOf('schedule')
    await offer(name, { defects: { corruptByte: true } })
    await createTestMirror(app, { name: `${dialect}-schedule`, providers: [name] })
    expect(await syncMirror(app, `${dialect}-schedule`)).toMatchObject({ failed: 1 })
    const downloads = zips(name)
    expect(await syncMirror(app, `${dialect}-schedule`)).toMatchObject({ state: 'completed', failed: 0 })
    const [run] = await historyOf(app, `${dialect}-schedule`)
    expect(run?.left_out).toMatchObject([{ reason: 'quarantine', versions: 1, examples: [{ versions: ['1.0.0'] }] }])
    expect(zips(name)).toBe(downloads)
    expect(await listOf(name)).toMatchObject([{ attempts: 1 }])
    clock.advance(HOUR_MS)
    expect(await syncMirror(app, `${dialect}-schedule`)).toMatchObject({ failed: 1 })
    expect(zips(name)).toBeGreaterThan(downloads)
  })

  test('a client is told so, without a job and a download', async () => {
    const name = nameOf('client')
    await offer(name, { defects: { corruptByte: true } })
    const onDemand = await onDemandApp(dialect, upstream)
    const link = (await archivesOf(onDemand, name)).linux_amd64?.url ?? ''
    expect((await onDemand.request(link)).statusCode).toBe(502)
    // As if it had been long ago: the answer of the last try is not repeated any more.
    await onDemand.deps.database.db.deleteFrom('downloadJobs').execute()
    const downloads = zips(name)
    const later = await onDemand.request(link)
    expect([later.statusCode, later.body]).toEqual([502, expect.stringContaining('it is in quarantine')])
    expect(zips(name)).toBe(downloads)
    expect(await onDemand.deps.database.db.selectFrom('downloadJobs').select('id').execute()).toEqual([])
  })
})
