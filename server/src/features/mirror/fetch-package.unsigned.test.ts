import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import type { Defects } from '../../testing/fake-upstream/fake-version.ts'
import { archivesOf, definitionOf, type JobAnswer, load, mirrorSettings, ORIGIN, quarantineOf, runJobs } from '../../testing/mirror-jobs.ts'
import { onDemandApp } from '../../testing/on-demand.ts'
import { testApp } from '../../testing/test-app.ts'

let upstream: FakeUpstream

beforeAll(async () => {
  upstream = await startFakeUpstream()
})

afterAll(() => upstream.close())

const refusal = ({ items }: JobAnswer) => items.find(({ state }) => state === 'failed')?.error_code
const PLATFORMS = ['linux_amd64', 'darwin_arm64']

/** A server with workers, on which some or all of the upstream may come without a signature. */
async function setUp(dialect: Dialect, name: string, unsigned: (namespace: string) => string) {
  const namespace = `${dialect}-unsigned-${name}`
  const settings = { TFR_MIRROR_UNSIGNED: unsigned(namespace), TFR_PROVIDERS_DEFAULT_HOSTNAME: ORIGIN }
  const app = await testApp(dialect, mirrorSettings(upstream, settings))
  runJobs(app)
  const provider = `${namespace}/widget`
  return {
    app,
    namespace,
    provider,
    offer: (defects: Defects, version = '1.0.0') =>
      upstream.addProvider(provider, { versions: { [version]: { platforms: PLATFORMS, defects } } }),
    load: (platforms = PLATFORMS, version = '1.0.0') => load(app, definitionOf(provider, [version], platforms)),
    async held() {
      const response = await app.asAdmin({ url: `/api/v1/admin/providers?namespace=${namespace}` })
      return response.json<{ items: object[] }>().items
    },
  }
}

// requirements.md C33, MIR-12
describe.each(DIALECTS)('upstreams without signatures on %s', (dialect) => {
  test.each([
    ['the upstream', () => ORIGIN],
    ['the namespace', (namespace: string) => `${ORIGIN.toUpperCase()}/${namespace}`],
    ['the provider', (namespace: string) => `${ORIGIN}/${namespace}/widget`],
  ])('are taken by their digests where %s is marked, and say so', async (what, scope) => {
    const { app, provider, offer, load, held } = await setUp(dialect, what.replaceAll(' ', '-'), scope)
    await offer({ missingSignature: true, withoutKeys: true })
    expect(await load()).toMatchObject({ state: 'completed' })
    expect(await held()).toMatchObject(
      PLATFORMS.map(() => ({
        provenance: 'unsigned',
        signed_by: 'registry',
        warning: expect.stringContaining('Taken without a signature'),
      })),
    )
    expect(Object.keys(await archivesOf(app, provider)).sort()).toEqual(PLATFORMS.toSorted())
    const document = (await app.request(`/v1/providers/${provider}/1.0.0/download/linux/amd64`)).json()
    expect(document.signing_keys.gpg_public_keys).toHaveLength(1)
  })

  test.each([
    ['nothing', () => ''],
    ['another namespace', () => `${ORIGIN}/elsewhere`],
    ['another provider', (namespace: string) => `${ORIGIN}/${namespace}/gadget`],
  ])('are refused where %s is marked', async (what, scope) => {
    const { namespace, offer, load, app } = await setUp(dialect, `not-${what.replaceAll(' ', '-')}`, scope)
    await offer({ missingSignature: true, withoutKeys: true })
    expect(refusal(await load(['linux_amd64']))).toBe('INVALID_SIGNATURE')
    expect(await quarantineOf(app, namespace)).toMatchObject([{ step: 'signature', evidence: { reason: 'missing' } }])
  })

  // Security: the mark is for what has no signature, never for a wrong one.
  test.each<[string, Defects]>([
    ['a signature over other bytes', { badSignature: true }],
    ['a signature by a key that is not announced', { foreignSignature: true }],
    ['a signature by a revoked key', { revokedKey: true }],
  ])('%s is refused although the upstream is marked', async (what, defects) => {
    const { offer, load } = await setUp(dialect, what.replaceAll(' ', '-'), () => ORIGIN)
    await offer(defects)
    expect(refusal(await load(['linux_amd64']))).toBe('INVALID_SIGNATURE')
  })

  test('bytes that the list does not name are refused although the upstream is marked', async () => {
    const { offer, load } = await setUp(dialect, 'bytes', () => ORIGIN)
    await offer({ missingSignature: true, withoutKeys: true, corruptByte: true })
    expect(refusal(await load(['linux_amd64']))).toBe('CHECKSUM_MISMATCH')
  })

  test('a signature is verified where there is one, and then expected for ever', async () => {
    const { offer, load, held } = await setUp(dialect, 'kept', () => ORIGIN)
    await offer({})
    expect(await load(['linux_amd64'])).toMatchObject({ state: 'completed' })
    expect(await held()).toMatchObject([{ provenance: 'verified', signed_by: 'upstream', warning: null }])
    await offer({ missingSignature: true, withoutKeys: true }, '1.1.0')
    expect(refusal(await load(['linux_amd64'], '1.1.0'))).toBe('INVALID_SIGNATURE')
  })

  // Security: taking trust away from a stolen key must not open the door to whoever gives no signature at all.
  test('a signature is expected still when the only key was rejected', async () => {
    const { app, namespace, offer, load } = await setUp(dialect, 'rejected', () => ORIGIN)
    await offer({})
    expect(await load(['linux_amd64'])).toMatchObject({ state: 'completed' })
    const { items } = (await app.asAdmin({ url: '/api/v1/admin/signing-keys' })).json<{ items: { id: string; scope: string }[] }>()
    const { id } = items.find(({ scope }) => scope === `${ORIGIN}/${namespace}`) ?? { id: '' }
    expect((await app.asAdmin({ method: 'POST', url: `/api/v1/admin/signing-keys/${id}/reject` })).statusCode).toBe(200)
    await offer({ missingSignature: true, withoutKeys: true }, '1.1.0')
    expect(refusal(await load(['linux_amd64'], '1.1.0'))).toBe('INVALID_SIGNATURE')
  })

  test('keyless signatures, which nobody can check, count as none', async () => {
    const { offer, load, held } = await setUp(dialect, 'keyless', () => ORIGIN)
    await offer({ withoutKeys: true })
    expect(await load(['linux_amd64'])).toMatchObject({ state: 'completed' })
    expect(await held()).toMatchObject([{ provenance: 'unsigned' }])
  })

  test('a version that gets a signature later is a verified one from then on', async () => {
    const { offer, load, held } = await setUp(dialect, 'later', () => ORIGIN)
    await offer({ missingSignature: true, withoutKeys: true })
    await load(['linux_amd64'])
    await offer({})
    expect(await load()).toMatchObject({ state: 'completed' })
    const verified = { provenance: 'verified', signed_by: 'upstream', warning: null }
    expect(await held()).toMatchObject([verified, verified])
  })

  test('without a list, each package comes by the digest of its document, also when they come at once', async () => {
    const { app, provider, offer, load, held } = await setUp(dialect, 'documents', () => ORIGIN)
    await offer({ missingSignature: true, withoutKeys: true, missingShasums: true })
    expect(await load()).toMatchObject({ state: 'completed' })
    expect(await held()).toHaveLength(2)
    const archives = await archivesOf(app, provider)
    expect(Object.keys(archives).sort()).toEqual(PLATFORMS.toSorted())
    const { shasums_url } = (await app.request(`/v1/providers/${provider}/1.0.0/download/linux/amd64`)).json()
    expect((await app.request(shasums_url)).body.trim().split('\n')).toHaveLength(2)
  })

  test('come on demand too', async () => {
    const name = `${dialect}-unsigned-demand/widget`
    await upstream.addProvider(name, { versions: { '1.0.0': { defects: { missingSignature: true, withoutKeys: true } } } })
    const app = await onDemandApp(dialect, upstream, { env: { TFR_MIRROR_UNSIGNED: ORIGIN } })
    const { linux_amd64: archive } = await archivesOf(app, name)
    expect(archive?.hashes).toEqual([expect.stringMatching(/^zh:/)])
  })

  test('answer on demand after a restart too, while the upstream is gone', async () => {
    const mortal = await startFakeUpstream()
    onTestFinished(mortal.close)
    await mortal.addProvider('acme/widget', { versions: { '1.0.0': { defects: { missingSignature: true, withoutKeys: true } } } })
    const env = { TFR_MIRROR_UNSIGNED: ORIGIN }
    const app = await onDemandApp(dialect, mortal, { env, works: false })
    const offered = await archivesOf(app, 'acme/widget')
    await mortal.close()
    const restarted = await onDemandApp(dialect, mortal, { env, beside: app, works: false })
    expect((await archivesOf(restarted, 'acme/widget')).linux_amd64?.hashes).toEqual(offered.linux_amd64?.hashes)
    const strict = await onDemandApp(dialect, mortal, { beside: app, works: false })
    expect((await strict.request(`/v1/mirror/${ORIGIN}/acme/widget/1.0.0.json`)).statusCode).toBeGreaterThanOrEqual(500)
  })
})
