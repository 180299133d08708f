import { Readable } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { DIALECTS } from '../dialects.ts'
import { createStoreFaults } from '../faulty-object-store.ts'
import { archivesOf, definitionOf, load, ORIGIN } from '../mirror-jobs.ts'
import type { TestApp } from '../test-app.ts'
import { expectNoLocks, expectNothingOf, expectServed, heldOf, sharedBench } from './fault-bench.ts'
import { WAYS_IN } from './ways-in.ts'

const PATIENT = { timeout: 20_000, interval: 20 }

const linkOf = async (app: TestApp, name: string): Promise<string> => (await archivesOf(app, name)).linux_amd64?.url ?? ''

/** Whether the package is out of service. */
async function isDamaged(app: TestApp, name: string): Promise<boolean | undefined> {
  const response = await app.asAdmin({ url: `/api/v1/admin/providers?namespace=${name.split('/')[0]}` })
  return response.json<{ items: { damaged: boolean }[] }>().items[0]?.damaged
}

/*
 * Rows F10 to F14 of reliability.md, section 6, are about S3. They are tested here on the interface that every store has, through the
 * routes and jobs that use it; what only a driver can get wrong (its own retries, time limits, multipart uploads, credentials that
 * change) is to be tested with the driver.
 */
describe.each(DIALECTS)('a store that fails, on %s', (dialect) => {
  const faults = createStoreFaults()
  const shared = sharedBench(dialect, { change: (deps) => ({ ...deps, store: faults.wrap(deps.store) }) })

  const heldPackage = async (): Promise<string> => {
    const name = await shared.bench.addProvider()
    expect(await load(shared.bench.app, definitionOf(name))).toMatchObject({ state: 'completed' })
    return name
  }

  describe.each(WAYS_IN)('by $name', (way) => {
    test('F10 a busy store is tried again', async () => {
      const name = await shared.bench.addProvider()
      faults.poison({ on: 'put', kind: 'busy', times: 1 })
      expect(await way.bring(shared.bench.app, name)).toMatchObject({ isHeld: true, attempts: 2 })
      await expectServed(shared.bench, name)
    })

    test('F10 a store that stays busy fails clean, after as many tries as are configured', async () => {
      const { app, addProvider } = shared.bench
      const name = await addProvider()
      faults.poison({ on: 'put', kind: 'busy' })
      const { status = 503, ...attempt } = await way.bring(app, name)
      expect(attempt).toMatchObject({ isHeld: false, attempts: 2, text: expect.stringContaining('503 SlowDown') })
      expect([status, faults.hits()]).toEqual([503, 2])
      await expectNothingOf(app, name)
    })

    test('F10 an object that was stored although the store said otherwise is no obstacle', async () => {
      const name = await shared.bench.addProvider()
      faults.poison({ on: 'put', kind: 'stored but not told', times: 1 })
      expect(await way.bring(shared.bench.app, name)).toMatchObject({ isHeld: true, attempts: 2 })
      await expectServed(shared.bench, name)
    })

    test('F13 a lost object is brought again', async () => {
      const { app } = shared.bench
      const name = await heldPackage()
      const link = await linkOf(app, name)
      faults.poison({ on: 'open', kind: 'lost', times: 1 })
      expect((await app.request(link)).statusCode).toBe(502)
      await vi.waitFor(async () => expect(await isDamaged(app, name)).toBe(true), PATIENT)
      expect(await way.bring(app, name)).toMatchObject({ isHeld: true })
      await expectServed(shared.bench, name)
      expect(await isDamaged(app, name)).toBe(false)
    })
  })

  test.each([
    [{ on: 'open', kind: 'busy' }, 503, '1'],
    [{ on: 'open', kind: 'error' }, 500, undefined],
    [{ on: 'read', kind: 'error' }, 500, undefined],
  ] as const)('F10 a reader is told of %o, and the package stays in service', async (fault, status, retryAfter) => {
    const { app } = shared.bench
    const name = await heldPackage()
    const link = await linkOf(app, name)
    faults.poison(fault)
    const response = await app.request(link)
    expect([response.statusCode, response.headers['retry-after']]).toEqual([status, retryAfter])
    faults.heal()
    expect(await isDamaged(app, name)).toBe(false)
    await expectServed(shared.bench, name)
  })

  test("F11 a read that stands still is in nobody else's way, and ends right when the store goes on", async () => {
    const { app } = shared.bench
    const [name, other] = [await heldPackage(), await heldPackage()]
    await expectServed(shared.bench, other)
    const link = await linkOf(app, name)
    faults.poison({ on: 'read', kind: 'stall', times: 1 })
    const standing = app.request(link)
    await vi.waitFor(() => expect(faults.hits()).toBe(1), PATIENT)
    await expectServed(shared.bench, other)
    expect((await app.request(`/v1/mirror/${ORIGIN}/${name}/index.json`)).statusCode).toBe(200)
    expect((await app.request('/readyz')).statusCode).toBe(200)
    expect(await load(app, definitionOf(await shared.bench.addProvider()))).toMatchObject({ state: 'completed' })
    faults.heal()
    const response = await standing
    expect([response.statusCode, response.rawPayload.equals(shared.bench.upstream.package(name, '1.0.0').body)]).toEqual([200, true])
  })

  test.each([
    ['F12 an object that ends early', 'short', 'missing or incomplete'],
    ['F13 an object with other bytes', 'wrong', 'damaged'],
  ] as const)('%s is never sent as a whole one: 502, out of service, and brought again by the next load', async (_what, kind, text) => {
    const { app } = shared.bench
    const name = await heldPackage()
    const link = await linkOf(app, name)
    faults.poison({ on: 'read', kind })
    const response = await app.request(link)
    expect([response.statusCode, response.body]).toEqual([502, expect.stringContaining(text)])
    faults.heal()
    await vi.waitFor(async () => expect(await isDamaged(app, name)).toBe(true), PATIENT)
    expect(await load(app, definitionOf(name))).toMatchObject({ state: 'completed', failed: 0 })
    await expectServed(shared.bench, name)
  })

  test('F14 a put that breaks off leaves nothing behind, and the key can be taken', async () => {
    const { app } = shared.bench
    const { store } = app.deps
    const key = 'faults/broken-off.zip'
    const broken = Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000)
        throw new Error('the sender went away')
      })(),
    )
    await expect(store.put(key, broken, { maxBytes: 1 << 20 })).rejects.toThrow('the sender went away')
    expect([await store.head(key), await store.sweepTemporary(0)]).toEqual([undefined, 0])
    expect(await store.put(key, Readable.from([Buffer.from('whole')]), { maxBytes: 1 << 20 })).toMatchObject({ created: true })
  })

  test('F10 a full store fails clean, and what is held is served', async () => {
    const { app, addProvider } = shared.bench
    const [held, name] = [await heldPackage(), await addProvider()]
    faults.poison({ on: 'put', kind: 'full' })
    expect(await load(app, definitionOf(name))).toMatchObject({ state: 'failed' })
    await expectNothingOf(app, name)
    await expectServed(shared.bench, held)
    expect(await heldOf(app, held)).toEqual(['1.0.0 linux_amd64'])
    await expectNoLocks(app, held)
  })
})
