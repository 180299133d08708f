import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Worker } from '../../base/queue/worker.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import type { Defects } from '../../testing/fake-upstream/fake-version.ts'
import {
  archivesOf,
  definitionOf,
  type JobAnswer,
  load,
  mirrorSettings,
  ORIGIN,
  quarantineOf,
  retry,
  startJobs,
} from '../../testing/mirror-jobs.ts'
import { type OpenTestApp, openTestApp, type TestApp } from '../../testing/test-app.ts'

let upstream: FakeUpstream

beforeAll(async () => {
  upstream = await startFakeUpstream()
})

afterAll(() => upstream.close())

function failureOf({ items }: JobAnswer) {
  return items.find(({ state }) => state === 'failed')
}

/** No answer, no object and no spooled file tells of the package. */
async function expectNothingOf(app: TestApp, namespace: string): Promise<void> {
  const { store, config } = app.deps
  expect(await archivesOf(app, `${namespace}/widget`)).toEqual({})
  expect((await app.request(`/v1/mirror/${ORIGIN}/${namespace}/widget/index.json`)).statusCode).toBe(404)
  for await (const { key } of store.list(`providers/${ORIGIN}/${namespace}/`)) throw new Error(`There is an object "${key}"`)
  const spooled = await readdir(join(config.dataDir, 'tmp'), { recursive: true, withFileTypes: true }).catch(() => [])
  expect(spooled.filter((entry) => entry.isFile())).toEqual([])
}

/** The mended package is served with exactly its bytes. */
async function expectServed(app: TestApp, namespace: string): Promise<void> {
  const { body, shasum } = upstream.package(`${namespace}/widget`, '1.0.0')
  const { linux_amd64: archive } = await archivesOf(app, `${namespace}/widget`)
  expect(archive?.hashes).toContain(`zh:${shasum}`)
  expect((await app.request(archive?.url ?? '')).rawPayload.equals(body)).toBe(true)
}

interface Refusal {
  readonly defects: Defects
  /** Quarantine: the step that refused it, and what the evidence tells. */
  readonly step: string
  readonly code: string
  readonly evidence: object
}

const DIGEST = expect.stringMatching(/^[0-9a-f]{64}$/)

/** reliability.md F18 to F21: each is refused for good, with its evidence. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  'a list with another checksum': {
    defects: { wrongChecksum: true },
    step: 'checksum',
    code: 'CHECKSUM_MISMATCH',
    evidence: { expected: DIGEST, found: DIGEST },
  },
  'a list without the package': {
    defects: { missingLine: true },
    step: 'checksum',
    code: 'CHECKSUM_MISMATCH',
    evidence: { expected: null, found: DIGEST },
  },
  // protocol.md C30.blank: the list would crash the clients that get it later.
  'a list with a blank line': { defects: { blankLine: true }, step: 'shasums', code: 'INVALID_SHASUMS', evidence: {} },
  'a signature over other bytes': {
    defects: { badSignature: true },
    step: 'signature',
    code: 'INVALID_SIGNATURE',
    evidence: { reason: 'bad_signature', issuerKeyIds: [expect.stringMatching(/^[0-9A-F]{16}$/)] },
  },
  'a missing signature': {
    defects: { missingSignature: true },
    step: 'signature',
    code: 'INVALID_SIGNATURE',
    evidence: { reason: 'missing', status: 404 },
  },
  'a signature of a key that is not announced': {
    defects: { foreignSignature: true },
    step: 'signature',
    code: 'INVALID_SIGNATURE',
    evidence: { reason: 'unknown_issuer' },
  },
  'a revoked key': {
    defects: { revokedKey: true },
    step: 'signature',
    code: 'INVALID_SIGNATURE',
    evidence: { reason: 'revoked_key' },
  },
  'one changed bit': {
    defects: { corruptByte: true },
    step: 'checksum',
    code: 'CHECKSUM_MISMATCH',
    evidence: { expected: DIGEST, found: DIGEST, size: expect.any(Number) },
  },
  // reliability.md F18: such a body ends like a complete one, only the digest tells.
  'half a package without a length': {
    defects: { truncatedBody: true },
    step: 'checksum',
    code: 'CHECKSUM_MISMATCH',
    evidence: { expected: DIGEST, found: DIGEST },
  },
  'a page of a sign-in portal': { defects: { notAZip: true }, step: 'content', code: 'INVALID_PACKAGE', evidence: {} },
  'the binary of another provider': { defects: { wrongBinaryName: true }, step: 'content', code: 'INVALID_PACKAGE', evidence: {} },
}

/** Failures that say nothing about the package: they leave no evidence. */
const FAILURES: Readonly<Record<string, { defects: Defects; code: string; attempts: number }>> = {
  // reliability.md row 43: names from outside never become paths.
  'another file name': { defects: { wrongFilename: '../../evil.zip' }, code: 'UPSTREAM_REFUSED', attempts: 1 },
  'a redirect into a private network': {
    defects: { redirectTo: 'http://169.254.169.254/latest/meta-data' },
    code: 'OUTBOUND_BLOCKED',
    attempts: 1,
  },
  'a package that is not there': { defects: { status: { on: 'package', status: 404 } }, code: 'UPSTREAM_REFUSED', attempts: 1 },
  'a package that is refused': { defects: { status: { on: 'package', status: 403 } }, code: 'UPSTREAM_REFUSED', attempts: 1 },
  'a failing package server': { defects: { status: { on: 'package', status: 500 } }, code: 'UPSTREAM_UNAVAILABLE', attempts: 2 },
  'a failing list of checksums': { defects: { status: { on: 'shasums', status: 503 } }, code: 'UPSTREAM_UNAVAILABLE', attempts: 2 },
  'a connection that breaks': { defects: { shortBody: true }, code: 'UPSTREAM_UNAVAILABLE', attempts: 2 },
  'a download that stalls': { defects: { stall: true }, code: 'UPSTREAM_UNAVAILABLE', attempts: 2 },
}

/** What the audit says of the packages of a namespace, newest first. */
async function auditOf(app: TestApp, namespace: string): Promise<string[]> {
  const list = await app.asAdmin({ url: `/api/v1/audit?action=provider_package.&object=${namespace}/` })
  return list.json<{ items: { action: string; outcome: string }[] }>().items.map(({ action, outcome }) => `${action} ${outcome}`)
}

describe.each(DIALECTS)('an upstream that is not what it should be, on %s', (dialect) => {
  let app: OpenTestApp
  let worker: Worker

  beforeAll(async () => {
    app = await openTestApp(dialect, mirrorSettings(upstream, { TFR_PROVIDERS_DOWNLOAD_TIMEOUT_SECONDS: '1' }))
    worker = startJobs(app)
  })

  afterAll(async () => {
    await worker.stop(0)
    await app.close()
  })

  test.each(Object.entries(REFUSALS))('%s ends in quarantine, is never served, and heals', async (what, { defects, ...refusal }) => {
    const namespace = `${dialect}-q${Object.keys(REFUSALS).indexOf(what)}`
    const name = `${namespace}/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': { defects } } })
    const job = await load(app, definitionOf(name))

    expect(job).toMatchObject({ state: 'failed', completed: 1, failed: 1 })
    // Trying again by itself would end the same way.
    expect(failureOf(job)).toMatchObject({ error_code: refusal.code, attempts: 1 })
    const [row, ...others] = await quarantineOf(app, namespace)
    expect(others).toEqual([])
    expect(row).toMatchObject({ type: 'widget', version: '1.0.0', os: 'linux', arch: 'amd64', step: refusal.step, code: refusal.code })
    expect(row?.evidence).toMatchObject({ ...refusal.evidence, announced: { shasum: DIGEST } })
    expect(row?.message).toBe(failureOf(job)?.error_message)
    await expectNothingOf(app, namespace)

    await upstream.setDefects(name, '1.0.0')
    expect(await retry(app, job.id)).toMatchObject({ state: 'completed', failed: 0 })
    expect(await quarantineOf(app, namespace)).toEqual([])
    await expectServed(app, namespace)
    expect(await auditOf(app, namespace)).toEqual(['provider_package.mirror allowed', 'provider_package.quarantine error'])
  })

  test.each(Object.entries(FAILURES))('%s fails the item, leaves nothing, and heals', async (what, { defects, code, attempts }) => {
    const namespace = `${dialect}-f${Object.keys(FAILURES).indexOf(what)}`
    const name = `${namespace}/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': { defects } } })
    const job = await load(app, definitionOf(name))

    expect(job).toMatchObject({ state: 'failed', completed: 1, failed: 1 })
    expect(failureOf(job)).toMatchObject({ error_code: code, attempts })
    expect(await quarantineOf(app, namespace)).toEqual([])
    await expectNothingOf(app, namespace)

    await upstream.setDefects(name, '1.0.0')
    expect(await retry(app, job.id)).toMatchObject({ state: 'completed', failed: 0 })
    await expectServed(app, namespace)
  })

  test('a package larger than the limit fails the item and leaves nothing', async () => {
    const small = await openTestApp(dialect, mirrorSettings(upstream, { TFR_FEATURES_MAX_DOWNLOAD_SIZE_MB: '1' }))
    const jobs = startJobs(small)
    try {
      await upstream.addProvider(`${dialect}-big/widget`, { versions: { '1.0.0': { sizeBytes: (1 << 20) + 1 } } })
      const job = await load(small, definitionOf(`${dialect}-big/widget`))
      expect(failureOf(job)).toMatchObject({ error_code: expect.stringMatching(/PAYLOAD_TOO_LARGE|UPSTREAM_REFUSED/), attempts: 1 })
      await expectNothingOf(small, `${dialect}-big`)
    } finally {
      await jobs.stop(0)
      await small.close()
    }
  })

  // reliability.md F15: asking to wait is obeyed and does not use the tries up.
  test('an upstream that asks to wait is asked again when it said', async () => {
    const name = `${dialect}-wait/widget`
    const status = { on: 'package', status: 429, times: 2, retryAfter: '1' } as const
    await upstream.addProvider(name, { versions: { '1.0.0': { defects: { status } } } })
    const start = performance.now()
    const job = await load(app, definitionOf(name))
    expect(performance.now() - start).toBeGreaterThan(1_900)
    expect(job).toMatchObject({ state: 'completed', failed: 0 })
    expect(job.items.find(({ kind }) => kind === 'provider.fetch_package')).toMatchObject({ attempts: 1 })
    expect(upstream.countRequests(`${name}/1.0.0/terraform-provider-widget`)).toBe(3)
    await expectServed(app, `${dialect}-wait`)
  })

  test('one bad platform does not keep the good ones away', async () => {
    const name = `${dialect}-part/widget`
    await upstream.addProvider(name, {
      versions: {
        '1.0.0': { platforms: ['linux_amd64'] },
        '1.1.0': { platforms: ['linux_amd64', 'linux_arm64'], defects: { notAZip: true } },
      },
    })
    const job = await load(app, definitionOf(name, ['>= 1.0.0']))
    expect(job).toMatchObject({ state: 'failed', total: 4, completed: 2, failed: 2 })
    const index = (await app.request(`/v1/mirror/${ORIGIN}/${name}/index.json`)).json<{ versions: object }>()
    expect(index.versions).toEqual({ '1.0.0': {} })
  })
})
