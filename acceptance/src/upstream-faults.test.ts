import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startFakeUpstream } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import type { Defects } from '@terrace/server/testing/fake-upstream/fake-version.ts'
import { createTestCertificates } from '@terrace/server/testing/test-certificates.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { mirrorOnly, requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { createRegistryApi, type Job } from './harness/registry-api.ts'
import { MIRROR, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'
import { startTerrace } from './harness/terrace-server.ts'

const URL_OF_MIRROR = `https://${MIRROR}/v1/mirror/`
/** Short, because a stall is waited for. */
const IMPATIENT = `providers {
  download_timeout_seconds        = 1
  download_retry_attempts         = 2
  download_retry_initial_delay_ms = 10
}
`

let nextName = 0

describe('an upstream that serves something bad', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ config: IMPATIENT })
    return world.close
  })

  /** A namespace of its own for each case: signing keys are pinned per namespace. */
  async function loadWith(defects: Defects): Promise<{ name: string; job: Job }> {
    nextName += 1
    const name = `case-${nextName}/widget`
    await world.upstream.addProvider(name, { versions: { '1.0.0': { platforms: [HERE], sizeBytes: 100_000, defects } } })
    return { name, job: await load(name, '1.0.0') }
  }

  const load = (name: string, versions: string) => world.api.load(`provider "${UPSTREAM}/${name}" {\n  versions = ["${versions}"]\n}\n`)
  const quarantined = async (name: string) => (await world.api.quarantine()).find(({ namespace, type }) => `${namespace}/${type}` === name)

  async function expectNothingServed(name: string): Promise<void> {
    const mirrored = `${world.server.url}/v1/mirror/${UPSTREAM}/${name}`
    expect((await fetch(`${mirrored}/index.json`)).status).toBe(404)
    expect((await fetch(`${mirrored}/1.0.0.json`)).status).toBe(404)
    const [namespace = ''] = name.split('/')
    expect(await world.api.packages({ namespace })).toEqual([])
    expect(storedFiles().filter((path) => path.includes(namespace))).toEqual([])
  }

  const storedFiles = (): string[] => {
    const root = join(world.server.dataDir, 'storage')
    return existsSync(root) ? (readdirSync(root, { recursive: true }) as string[]) : []
  }

  // reliability.md F19, F20, F21; rows 41, 42
  test.each<[string, Defects, { step: string; code: string; evidence?: object }]>([
    ['another checksum in the signed list than the package has', { wrongChecksum: true }, { step: 'checksum', code: 'CHECKSUM_MISMATCH' }],
    ['a signed list without the package', { missingLine: true }, { step: 'checksum', code: 'CHECKSUM_MISMATCH' }],
    ['a blank line in the signed list', { blankLine: true }, { step: 'shasums', code: 'INVALID_SHASUMS' }],
    [
      'a signature over other bytes',
      { badSignature: true },
      { step: 'signature', code: 'INVALID_SIGNATURE', evidence: { reason: 'bad_signature' } },
    ],
    ['no signature', { missingSignature: true }, { step: 'signature', code: 'INVALID_SIGNATURE', evidence: { reason: 'missing' } }],
    [
      'a signature by a key that is not announced',
      { foreignSignature: true },
      { step: 'signature', code: 'INVALID_SIGNATURE', evidence: { reason: 'unknown_issuer' } },
    ],
    [
      'a signature by a revoked key',
      { revokedKey: true },
      { step: 'signature', code: 'INVALID_SIGNATURE', evidence: { reason: 'revoked_key' } },
    ],
    ['a package with one changed bit', { corruptByte: true }, { step: 'checksum', code: 'CHECKSUM_MISMATCH' }],
    ['half a package without a length', { truncatedBody: true }, { step: 'checksum', code: 'CHECKSUM_MISMATCH' }],
    ['a page in place of a package, signed', { notAZip: true }, { step: 'content', code: 'INVALID_PACKAGE' }],
    ['a package without the binary, signed', { wrongBinaryName: true }, { step: 'content', code: 'INVALID_PACKAGE' }],
  ])('%s ends in quarantine, and nothing of it is served', async (_name, defects, expected) => {
    const { name, job } = await loadWith(defects)
    expect(job).toMatchObject({ state: 'failed', failed: 1 })
    expect(job.items.find(({ state }) => state === 'failed')).toMatchObject({ attempts: 1, error_code: expected.code })
    expect(await quarantined(name)).toMatchObject({ ...expected, version: '1.0.0', hostname: UPSTREAM })
    await expectNothingServed(name)
  })

  // reliability.md F15-F18
  test.concurrent.each<[string, Defects, { code: string; attempts: number }]>([
    ['breaks off before the announced length', { shortBody: true }, { code: 'UPSTREAM_UNAVAILABLE', attempts: 2 }],
    ['falls silent in the middle', { stall: true }, { code: 'UPSTREAM_UNAVAILABLE', attempts: 2 }],
    ['has no package behind its address', { status: { on: 'package', status: 404 } }, { code: 'UPSTREAM_REFUSED', attempts: 1 }],
    ['fails for good', { status: { on: 'package', status: 500 } }, { code: 'UPSTREAM_UNAVAILABLE', attempts: 2 }],
    ['announces another file name', { wrongFilename: '../../evil.zip' }, { code: 'UPSTREAM_REFUSED', attempts: 1 }],
    ['redirects into the network of the server', { redirectTo: 'http://169.254.169.254/' }, { code: 'OUTBOUND_BLOCKED', attempts: 1 }],
  ])('a download that %s fails clean, without quarantine', async (_name, defects, { code, attempts }) => {
    const { name, job } = await loadWith(defects)
    expect(job.state).toBe('failed')
    expect(job.items.find(({ state }) => state === 'failed')).toMatchObject({ error_code: code, attempts })
    expect(await quarantined(name)).toBeUndefined()
    await expectNothingServed(name)
  })

  // reliability.md F15
  test.concurrent.each<[string, Defects]>([
    ['asks to wait', { status: { on: 'package', status: 429, times: 2, retryAfter: '1' } }],
    ['fails once', { status: { on: 'document', status: 503, times: 1, retryAfter: '1' } }],
    ['answers the signature with a server error once', { status: { on: 'signature', status: 500, times: 1 } }],
  ])('an upstream that %s is asked again and the load succeeds', async (_name, defects) => {
    const { name, job } = await loadWith(defects)
    expect(job).toMatchObject({ state: 'completed', failed: 0 })
    expect((await fetch(`${world.server.url}/v1/mirror/${UPSTREAM}/${name}/index.json`)).status).toBe(200)
  })

  test('a refused package that is good the next time leaves the quarantine and installs', async () => {
    const { name, job } = await loadWith({ corruptByte: true })
    expect(await quarantined(name)).toBeDefined()
    await world.upstream.setDefects(name, '1.0.0')
    await world.api.retryJob(job.id)
    expect(await world.api.waitForJob(job.id)).toMatchObject({ state: 'completed', failed: 0 })
    expect(await quarantined(name)).toBeUndefined()
  })

  // reliability.md row 42
  test('a key that has expired since it signed is accepted with a warning', async () => {
    const { name, job } = await loadWith({ expiredKey: true })
    expect(job.state).toBe('completed')
    const [held] = await world.api.packages({ namespace: name.split('/')[0] ?? '' })
    expect(held?.warning).toMatch(/expired/)
  })

  // reliability.md row 44
  test('other bytes for a version that is held are an alarm, and what is held stays', async () => {
    const { name } = await loadWith({})
    const [before] = await world.api.packages({ namespace: name.split('/')[0] ?? '' })
    const versions = { '1.0.0': { platforms: [HERE, ELSEWHERE[0]], content: 'changed after the release' } }
    await world.upstream.addProvider(name, { versions })
    const job = await load(name, '1.0.0')
    expect(job.items.find(({ state }) => state === 'failed')).toMatchObject({ error_code: 'PROVIDER_VERSION_EXISTS' })
    expect(await quarantined(name)).toMatchObject({ step: 'digest_change' })
    const [after] = await world.api.packages({ namespace: name.split('/')[0] ?? '' })
    const { shasum } = world.upstream.package(name, '1.0.0', HERE)
    expect(after).toEqual({ ...before, upstream_change: { zh: `zh:${shasum}`, at: expect.any(String) } })
  })
})

describe('an upstream on https with an authority of its own', () => {
  test.each([
    ['is read when its authority is configured', true, 'completed'],
    ['is not read otherwise', false, 'failed'],
  ])('%s', async (_name, isConfigured, state) => {
    using folder = makeTemporaryFolder('authority')
    const certificates = await createTestCertificates()
    const caFile = join(folder.path, 'ca.pem')
    writeFileSync(caFile, certificates.ca)
    await using upstream = await startFakeUpstream({ tls: certificates })
    await upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms: [HERE] } } })
    const settings = `url = "${upstream.url}"\n${isConfigured ? `ca_file = "${caFile}"\n` : ''}`
    const outbound = 'outbound {\n  allowed_networks = ["127.0.0.0/8", "::1/128"]\n}\n'
    await using server = await startTerrace({ config: `${outbound}${IMPATIENT}upstream "${UPSTREAM}" {\n${settings}}\n` })
    const job = await createRegistryApi(server).load(`provider "${UPSTREAM}/acme/widget" {\n  versions = ["1.0.0"]\n}\n`)
    expect(job).toMatchObject({ state })
  })
})

describe.skipIf(reportMissing('terraform'))('an upstream that changes a release', () => {
  // reliability.md row 44: an alarm for the administrator, nothing for the client.
  test('raises an alarm, and clients with and without a lock file go on with what they had', async () => {
    await using world = await startWorld({ config: IMPATIENT })
    await world.upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms: [HERE] } } })
    await world.api.load(`provider "${UPSTREAM}/acme/widget" {\n  versions = ["1.0.0"]\n}\n`)
    const workspaceOf = () => world.workspace({ files: requires(`${UPSTREAM}/acme/widget`), cliConfig: mirrorOnly(URL_OF_MIRROR) })
    const before = workspaceOf()
    expect((await before.run(['init'])).text).toContain('v1.0.0')
    const versions = { '1.0.0': { platforms: [HERE, ELSEWHERE[0]], content: 'changed after the release' } }
    await world.upstream.addProvider('acme/widget', { versions })
    await world.api.load(`provider "${UPSTREAM}/acme/widget" {\n  versions = ["1.0.0"]\n}\n`)

    const answer = await world.api.request('/api/v1/admin/notifications?kind=digest_changed&unread=true')
    expect(await answer.json()).toMatchObject({ total: 1, items: [{ subject: `${UPSTREAM}/acme/widget 1.0.0` }] })
    expect((await before.run(['init', '-lockfile=readonly'])).code).toBe(0)
    expect((await workspaceOf().run(['init'])).text).toContain('v1.0.0')
  })
})

describe.skipIf(reportMissing('terraform'))('an upstream that changes its key', () => {
  // requirements.md MIR: pinned at first use, another key later waits for an administrator.
  test('has its new versions wait until an administrator accepts the key; old and new install then', async () => {
    await using world = await startWorld({ config: IMPATIENT })
    await world.upstream.addProvider('acme/widget', {
      versions: { '1.0.0': { platforms: [HERE] }, '1.1.0': { platforms: [HERE], defects: { rotatedKey: true } } },
    })
    const job = await world.api.load(`provider "${UPSTREAM}/acme/widget" {\n  versions = ["1.0.0"]\n}\n`)
    expect(job.state).toBe('completed')
    const blocked = await world.api.load(`provider "${UPSTREAM}/acme/widget" {\n  versions = ["1.1.0"]\n}\n`)
    expect(blocked.items.find(({ state }) => state === 'failed')).toMatchObject({ error_code: 'SIGNING_KEY_CONFLICT' })
    expect(await world.api.quarantine()).toMatchObject([{ version: '1.1.0', step: 'signing_key' }])
    const workspace = world.workspace({ files: requires(`${UPSTREAM}/acme/widget`), cliConfig: mirrorOnly(URL_OF_MIRROR) })
    expect((await workspace.run(['init'])).text).toContain('v1.0.0')

    const pending = (await world.api.signingKeys()).filter(({ state }) => state === 'pending')
    expect(pending).toHaveLength(1)
    await world.api.acceptKey(pending[0]?.id ?? '')
    await world.api.retryJob(blocked.id)
    expect(await world.api.waitForJob(blocked.id)).toMatchObject({ state: 'completed', failed: 0 })
    expect(await world.api.quarantine()).toEqual([])
    expect((await workspace.run(['init', '-upgrade'])).text).toContain('v1.1.0')
  })

  test('gets nothing more in when an administrator rejects the key, and what is held stays', async () => {
    await using world = await startWorld({ config: IMPATIENT })
    const defects = { rotatedKey: true }
    await world.upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms: [HERE] } } })
    await world.api.load(`provider "${UPSTREAM}/acme/widget" {\n  versions = ["1.0.0"]\n}\n`)
    await world.upstream.addProvider('acme/widget', { versions: { '1.1.0': { platforms: [HERE], defects } } })
    const refused = await world.api.load(`provider "${UPSTREAM}/acme/widget" {\n  versions = ["1.1.0"]\n}\n`)
    const pending = (await world.api.signingKeys()).find(({ state }) => state === 'pending')
    await world.api.rejectKey(pending?.id ?? '')
    await world.api.retryJob(refused.id)
    expect(await world.api.waitForJob(refused.id)).toMatchObject({ state: 'failed' })
    expect(await world.api.quarantine()).toMatchObject([{ version: '1.1.0', message: expect.stringContaining('rejected') }])
    expect((await world.api.packages()).map(({ version }) => version)).toEqual(['1.0.0'])
  })
})
