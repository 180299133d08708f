import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../dialects.ts'
import type { Defects } from '../fake-upstream/fake-version.ts'
import { definitionOf, load, quarantineOf } from '../mirror-jobs.ts'
import { expectNothingOf, expectServed, sharedBench } from './fault-bench.ts'
import { WAYS_IN } from './ways-in.ts'

/** Larger than what a socket takes at once, so that there is something to break off. */
const PACKAGE_BYTES = 120_000

const UNKNOWN_KEY = /signed by unknown key [0-9A-F]{16}/

/** How a package that must not come in is turned away. */
interface Refusal {
  /** Of the verification, as the quarantine shows it. */
  readonly step: string
  readonly text: RegExp
}

const zipOf = (name: string): RegExp => new RegExp(`^GET /files/${name}/[^ ]*\\.zip`)

// Rows of reliability.md, section 6; every test also asserts that nothing is left over.
describe.each(DIALECTS)('an upstream that sends something bad, on %s', (dialect) => {
  const shared = sharedBench(dialect)

  describe.each(WAYS_IN)('by $name', (way) => {
    async function expectRefusal(name: string, refusal: Refusal): Promise<void> {
      const { app } = shared.bench
      const { isHeld, status, text } = await way.bring(app, name)
      expect(isHeld).toBe(false)
      expect(text).toMatch(refusal.text)
      if (status !== undefined) expect(status).toBe(502)
      expect(await quarantineOf(app, name.split('/')[0] ?? '')).toMatchObject([{ step: refusal.step }])
      await expectNothingOf(app, name)
    }

    test('F18 a package that was cut without anybody noticing is never stored', async () => {
      const { chaos, addProvider } = shared.bench
      const name = await addProvider({ sizeBytes: PACKAGE_BYTES, defects: { withoutLength: true } })
      await chaos.poison({ kind: 'cutAfter', bytes: 50_000, when: zipOf(name) })
      await expectRefusal(name, { step: 'checksum', text: /sha256 mismatch/ })
    })

    test('F18 a package that is cut short of its length is fetched on from there, and is right', async () => {
      const { app, chaos, upstream, addProvider } = shared.bench
      const name = await addProvider({ sizeBytes: PACKAGE_BYTES })
      await chaos.poison({ kind: 'cutAfter', bytes: 50_000, when: zipOf(name) })
      expect(await way.bring(app, name)).toMatchObject({ isHeld: true })
      expect(chaos.hits()).toBeGreaterThan(1)
      expect(upstream.requests.filter(({ path }) => zipOf(name).test(`GET ${path}`)).at(-1)?.headers.range).toMatch(/^bytes=/)
      await expectServed(shared.bench, name)
    })

    test('F19 a package with one changed bit is never stored, with both digests in evidence; a load brings the right one', async () => {
      const { app, chaos, upstream, addProvider } = shared.bench
      const name = await addProvider({ sizeBytes: PACKAGE_BYTES })
      await chaos.inject({ kind: 'corruptAt', byte: 60_000, when: zipOf(name) })
      await expectRefusal(name, { step: 'checksum', text: /sha256 mismatch/ })
      expect(chaos.hits()).toBeGreaterThan(0)
      const [{ evidence } = { evidence: {} }] = await quarantineOf(app, name.split('/')[0] ?? '')
      expect(evidence).toMatchObject({ expected: upstream.package(name, '1.0.0').shasum, found: expect.stringMatching(/^[0-9a-f]{64}$/) })
      await chaos.heal()
      expect(await load(app, definitionOf(name))).toMatchObject({ state: 'completed', failed: 0 })
      await expectServed(shared.bench, name)
    })

    test('F19 a checksum list with one changed bit is not believed', async () => {
      const { chaos, addProvider } = shared.bench
      const name = await addProvider()
      await chaos.poison({ kind: 'corruptAt', byte: 250, when: new RegExp(`^GET /files/${name}/[^ ]*SHA256SUMS `) })
      await expectRefusal(name, { step: 'signature', text: /signature .*does not fit the content/ })
    })

    test.each<[string, Defects, Refusal]>([
      [
        'F20 a package with another checksum than the list',
        { wrongChecksum: true },
        { step: 'checksum', text: /checksum|sha256 mismatch/ },
      ],
      ['F20 a package on a list that would crash clients', { blankLine: true }, { step: 'shasums', text: /line \d+ is blank/ }],
      [
        'F21 a package with a signature over other bytes',
        { badSignature: true },
        { step: 'signature', text: /signature .*does not fit the content/ },
      ],
      ['F21 a package without a signature', { missingSignature: true }, { step: 'signature', text: /has no signature/ }],
      ['F21 a package signed by a key that is not announced', { foreignSignature: true }, { step: 'signature', text: UNKNOWN_KEY }],
      ['F21 a package signed by a revoked key', { revokedKey: true }, { step: 'signature', text: /key [0-9A-F]{40} is revoked/ }],
    ])('%s is never stored', async (_what, defects, refusal) => {
      await expectRefusal(await shared.bench.addProvider({ defects }), refusal)
    })

    // On demand, what the signed list does not name is not offered at all: the client looks elsewhere (protocol.md 4.6).
    test('F20 a package that is missing in the list is never stored', async () => {
      const { app, addProvider } = shared.bench
      const name = await addProvider({ defects: { missingLine: true } })
      const { isHeld, text } = await way.bring(app, name)
      expect(isHeld).toBe(false)
      expect(text).toMatch(way.name === 'a request on demand' ? /^\{"archives":\{\}\}/ : /no checksum for it in the signed list/)
      await expectNothingOf(app, name)
    })

    test('F22 a key that has expired since it signed is accepted with a warning', async () => {
      const { app, addProvider } = shared.bench
      const name = await addProvider({ defects: { expiredKey: true } })
      expect(await way.bring(app, name)).toMatchObject({ isHeld: true })
      const response = await app.asAdmin({ url: `/api/v1/admin/providers?namespace=${name.split('/')[0]}` })
      expect(response.json()).toMatchObject({ items: [{ warning: expect.stringContaining('expired') }] })
      await expectServed(shared.bench, name)
    })
  })
})

describe.each(DIALECTS)('an upstream whose keys have expired, where that is refused, on %s', (dialect) => {
  const shared = sharedBench(dialect, { env: { TFR_PROVIDERS_EXPIRED_KEYS: 'refuse' } })

  test.each(WAYS_IN)('F22 nothing is stored by $name', async (way) => {
    const { app, addProvider } = shared.bench
    const name = await addProvider({ defects: { expiredKey: true } })
    expect(await way.bring(app, name)).toMatchObject({ isHeld: false, text: expect.stringContaining('expired') })
    expect(await quarantineOf(app, name.split('/')[0] ?? '')).toMatchObject([{ step: 'signature' }])
    await expectNothingOf(app, name)
  })
})
