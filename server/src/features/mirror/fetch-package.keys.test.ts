import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
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
  runJobs,
} from '../../testing/mirror-jobs.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

let upstream: FakeUpstream

beforeAll(async () => {
  upstream = await startFakeUpstream()
})

afterAll(() => upstream.close())

/** A server with workers, and a namespace of its own at the upstream. */
async function setUp(dialect: Dialect, namespace: string, env: Readonly<Record<string, string>> = {}) {
  const app = await testApp(dialect, mirrorSettings(upstream, env))
  runJobs(app)
  const name = `${dialect}-${namespace}/widget`
  return {
    app,
    namespace: `${dialect}-${namespace}`,
    name,
    offer: (version: string, defects: Defects = {}) => upstream.addProvider(name, { versions: { [version]: { defects } } }),
    loadVersion: (version: string) => load(app, definitionOf(name, [version])),
  }
}

interface SigningKeyAnswer {
  readonly id: string
  readonly hostname: string
  readonly namespace: string
  readonly fingerprint: string
  readonly source: string
  readonly state: string
}

async function keysOf(app: TestApp, namespace: string): Promise<SigningKeyAnswer[]> {
  const { items } = (await app.asAdmin({ url: '/api/v1/admin/signing-keys' })).json<{ items: SigningKeyAnswer[] }>()
  return items.filter((key) => key.namespace === namespace)
}

async function decide(app: TestApp, key: SigningKeyAnswer | undefined, verb: 'accept' | 'reject') {
  const response = await app.asAdmin({ method: 'POST', url: `/api/v1/admin/signing-keys/${key?.id}/${verb}` })
  expect(response.statusCode).toBe(200)
}

async function warningOf(app: TestApp, namespace: string, version: string) {
  const response = await app.asAdmin({ url: `/api/v1/admin/providers?namespace=${namespace}&version=${version}` })
  return response.json<{ items: { warning: string | null }[] }>().items.map(({ warning }) => warning)
}

async function trustedKeyFile(armor: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-keys-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'key.asc'), armor)
  return join(folder, 'key.asc')
}

const refusal = ({ items }: JobAnswer) => items.find(({ state }) => state === 'failed')?.error_code

// reliability.md rows 41, 42, 45; requirements.md MIR-12
describe.each(DIALECTS)('signing keys of upstreams on %s', (dialect) => {
  test('the first key of a namespace is pinned by its fingerprint', async () => {
    const { app, namespace, offer, loadVersion } = await setUp(dialect, 'pin')
    await offer('1.0.0')
    expect(await loadVersion('1.0.0')).toMatchObject({ state: 'completed' })
    const { fingerprint } = await upstream.signingKey(namespace)
    expect(await keysOf(app, namespace)).toMatchObject([{ hostname: ORIGIN, fingerprint, source: 'announced', state: 'trusted' }])
  })

  test('another key waits in quarantine, and once it is accepted a retry takes the package', async () => {
    const { app, namespace, name, offer, loadVersion } = await setUp(dialect, 'rotate')
    await offer('1.0.0')
    await loadVersion('1.0.0')
    await offer('1.1.0', { rotatedKey: true })
    const job = await loadVersion('1.1.0')
    expect(refusal(job)).toBe('SIGNING_KEY_CONFLICT')
    expect(await archivesOf(app, name, '1.1.0')).toEqual({})
    const pending = (await keysOf(app, namespace)).find(({ state }) => state === 'pending')
    expect(await quarantineOf(app, namespace)).toMatchObject([{ step: 'signing_key', evidence: { fingerprint: pending?.fingerprint } }])

    await decide(app, pending, 'accept')
    expect(await retry(app, job.id)).toMatchObject({ state: 'completed' })
    expect(await quarantineOf(app, namespace)).toEqual([])
    expect(Object.keys(await archivesOf(app, name, '1.1.0'))).toEqual(['linux_amd64'])
    expect(Object.keys(await archivesOf(app, name, '1.0.0'))).toEqual(['linux_amd64'])
  })

  test('a rejected key is never taken, and what is held stays', async () => {
    const { app, namespace, name, offer, loadVersion } = await setUp(dialect, 'reject', { TFR_PROVIDERS_KEY_PINNING: 'off' })
    await offer('1.0.0')
    await loadVersion('1.0.0')
    const [pinned] = await keysOf(app, namespace)
    await decide(app, pinned, 'reject')
    await offer('1.1.0')
    expect(refusal(await loadVersion('1.1.0'))).toBe('SIGNING_KEY_CONFLICT')
    expect(await archivesOf(app, name, '1.1.0')).toEqual({})
    expect(Object.keys(await archivesOf(app, name, '1.0.0'))).toEqual(['linux_amd64'])
  })

  // P8: a decision counts from the next package on, not when some list is forgotten.
  test('a key that is rejected while its list is still kept signs no further platform', async () => {
    const { app, namespace, name } = await setUp(dialect, 'reject-now')
    await upstream.addProvider(name, { versions: { '1.0.0': { platforms: ['linux_amd64', 'linux_arm64'] } } })
    await load(app, definitionOf(name, ['1.0.0'], ['linux_amd64']))
    await decide(app, (await keysOf(app, namespace))[0], 'reject')
    expect(refusal(await load(app, definitionOf(name, ['1.0.0'], ['linux_arm64'])))).toBe('SIGNING_KEY_CONFLICT')
    expect(Object.keys(await archivesOf(app, name))).toEqual(['linux_amd64'])
  })

  test('with key_pinning "warn" another key passes, with a warning on the version', async () => {
    const { app, namespace, offer, loadVersion } = await setUp(dialect, 'warn', { TFR_PROVIDERS_KEY_PINNING: 'warn' })
    await offer('1.0.0')
    await loadVersion('1.0.0')
    await offer('1.1.0', { rotatedKey: true })
    expect(await loadVersion('1.1.0')).toMatchObject({ state: 'completed' })
    const { fingerprint } = await upstream.signingKey(namespace)
    expect(await warningOf(app, namespace, '1.0.0')).toEqual([null])
    expect(await warningOf(app, namespace, '1.1.0')).toEqual([expect.stringContaining(`${fingerprint} is pinned`)])
  })

  test('with key_pinning "off" another key passes without a word', async () => {
    const { app, namespace, offer, loadVersion } = await setUp(dialect, 'off', { TFR_PROVIDERS_KEY_PINNING: 'off' })
    await offer('1.0.0')
    await loadVersion('1.0.0')
    await offer('1.1.0', { rotatedKey: true })
    expect(await loadVersion('1.1.0')).toMatchObject({ state: 'completed' })
    expect(await warningOf(app, namespace, '1.1.0')).toEqual([null])
  })

  test('the package document of the registry names the key that signed the version', async () => {
    const { app, namespace, name, offer, loadVersion } = await setUp(dialect, 'document', {
      TFR_PROVIDERS_KEY_PINNING: 'off',
      TFR_PROVIDERS_DEFAULT_HOSTNAME: ORIGIN,
    })
    await offer('1.0.0')
    await offer('1.1.0', { rotatedKey: true })
    await loadVersion('1.0.0')
    await loadVersion('1.1.0')
    const keyIdOf = async (version: string) => {
      const { signing_keys } = (await app.request(`/v1/providers/${name}/${version}/download/linux/amd64`)).json()
      return signing_keys.gpg_public_keys.map(({ key_id }: { key_id: string }) => key_id)
    }
    const { keyId } = await upstream.signingKey(namespace)
    const rotated = (await keysOf(app, namespace)).find(({ fingerprint }) => !fingerprint.endsWith(keyId))
    // protocol.md P-12: at least the key of the version itself.
    expect(await keyIdOf('1.0.0')).toContain(keyId)
    expect(await keyIdOf('1.1.0')).toContain(rotated?.fingerprint.slice(-16))
  })

  test('a configured key is the only one that counts, and is recorded for the clients', async () => {
    const foreign = await upstream.signingKey(`${dialect}-elsewhere`)
    const file = await trustedKeyFile(foreign.asciiArmor)
    const { app, namespace, offer, loadVersion } = await setUp(dialect, 'configured', {
      TFR_PROVIDERS_TRUSTED_KEYS: JSON.stringify([{ scope: `${ORIGIN}/${dialect}-configured`, file }]),
    })
    await offer('1.0.0')
    const job = await loadVersion('1.0.0')
    expect(refusal(job)).toBe('INVALID_SIGNATURE')
    expect(await quarantineOf(app, namespace)).toMatchObject([{ evidence: { reason: 'unknown_issuer' } }])
    expect(await keysOf(app, namespace)).toEqual([])
  })

  test('a configured key that made the signature is enough, whatever was pinned before', async () => {
    const name = `${dialect}-named`
    const file = await trustedKeyFile((await upstream.signingKey(name)).asciiArmor)
    const { app, namespace, offer, loadVersion } = await setUp(dialect, 'named', {
      TFR_PROVIDERS_TRUSTED_KEYS: JSON.stringify([{ scope: `${ORIGIN}/${name}`, file }]),
    })
    await offer('1.0.0')
    expect(await loadVersion('1.0.0')).toMatchObject({ state: 'completed' })
    expect(await keysOf(app, namespace)).toMatchObject([{ source: 'administrator', state: 'trusted' }])
  })

  // reliability.md row 42
  test('a key that has expired since it signed passes with a warning', async () => {
    const { app, namespace, offer, loadVersion } = await setUp(dialect, 'expired')
    await offer('1.0.0', { expiredKey: true })
    expect(await loadVersion('1.0.0')).toMatchObject({ state: 'completed' })
    expect(await warningOf(app, namespace, '1.0.0')).toEqual([expect.stringMatching(/key [0-9A-F]+ has expired/)])
  })

  test('with expired_keys "refuse" it does not', async () => {
    const { app, namespace, offer, loadVersion } = await setUp(dialect, 'strict', { TFR_PROVIDERS_EXPIRED_KEYS: 'refuse' })
    await offer('1.0.0', { expiredKey: true })
    expect(refusal(await loadVersion('1.0.0'))).toBe('INVALID_SIGNATURE')
    expect(await quarantineOf(app, namespace)).toMatchObject([{ evidence: { reason: 'expired_key' } }])
  })

  test('an upstream has a policy of its own for expired keys', async () => {
    const upstreams = JSON.stringify({ [ORIGIN]: { url: upstream.url, expired_keys: 'refuse' } })
    const { offer, loadVersion } = await setUp(dialect, 'own-policy', { TFR_UPSTREAM: upstreams })
    await offer('1.0.0', { expiredKey: true })
    expect(refusal(await loadVersion('1.0.0'))).toBe('INVALID_SIGNATURE')
    const lenient = JSON.stringify({ [ORIGIN]: { url: upstream.url, expired_keys: 'warn' } })
    const other = await setUp(dialect, 'own-lenient', { TFR_UPSTREAM: lenient, TFR_PROVIDERS_EXPIRED_KEYS: 'refuse' })
    await other.offer('1.0.0', { expiredKey: true })
    expect(await other.loadVersion('1.0.0')).toMatchObject({ state: 'completed' })
  })

  // reliability.md row 42
  test('two keys that are trusted side by side sign, each for its versions, and a retired one nothing new', async () => {
    const { app, namespace, name, offer, loadVersion } = await setUp(dialect, 'overlap')
    await offer('1.0.0')
    await offer('1.1.0', { rotatedKey: true })
    await loadVersion('1.0.0')
    await loadVersion('1.1.0')
    const pending = (await keysOf(app, namespace)).find(({ state }) => state === 'pending')
    await decide(app, pending, 'accept')
    expect(await loadVersion('1.1.0')).toMatchObject({ state: 'completed' })
    await upstream.addProvider(name, { versions: { '1.2.0': {} } })
    expect(await loadVersion('1.2.0')).toMatchObject({ state: 'completed' })
    const old = (await keysOf(app, namespace)).find(({ id }) => id !== pending?.id)
    // The fake upstream's signatures are from June 2020.
    const payload = { at: '2020-01-01T00:00:00Z' }
    await app.asAdmin({ method: 'POST', url: `/api/v1/admin/signing-keys/${old?.id}/retire`, payload })
    await upstream.addProvider(name, { versions: { '1.3.0': {} } })
    expect(refusal(await loadVersion('1.3.0'))).toBe('SIGNING_KEY_CONFLICT')
    expect(Object.keys(await archivesOf(app, name, '1.0.0'))).toEqual(['linux_amd64'])
    expect((await app.asAdmin({ method: 'DELETE', url: `/api/v1/admin/signing-keys/${old?.id}` })).statusCode).toBe(409)
  })

  // Security: trust ends at the namespace (reliability.md row 45).
  test('a key that is trusted in one namespace means nothing in another', async () => {
    const { app, namespace, offer, loadVersion } = await setUp(dialect, 'border')
    await offer('1.0.0')
    await loadVersion('1.0.0')
    const other = `${dialect}-border2/widget`
    await upstream.addProvider(other, { versions: { '1.0.0': {} } })
    await load(app, definitionOf(other))
    const [mine] = await keysOf(app, namespace)
    await upstream.addProvider(other, { versions: { '1.1.0': { defects: { foreignSignature: true } } } })
    expect(refusal(await load(app, definitionOf(other, ['1.1.0'])))).toBe('INVALID_SIGNATURE')
    expect((await keysOf(app, `${dialect}-border2`)).map(({ fingerprint }) => fingerprint)).not.toContain(mine?.fingerprint)
  })
})
