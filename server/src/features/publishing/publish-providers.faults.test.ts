import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RegistryError } from '../../base/errors.ts'
import type { ServableStore } from '../../base/storage/object-store.ts'
import { sweep } from '../../jobs.ts'
import { createDatabaseFaults, type DatabaseFaults } from '../../testing/database-faults.ts'
import { DIALECTS, type Dialect } from '../../testing/dialects.ts'
import { type PublishAnswer, packagesOf, publish, publishNew, sha256 } from '../../testing/publish-requests.ts'
import { type TestApp, type TestAppOptions, testApp } from '../../testing/test-app.ts'

const PLATFORMS = ['darwin_arm64', 'linux_amd64', 'linux_arm64']

/** A healthy server, and one beside it that a test breaks. */
async function setUp(dialect: Dialect, options: TestAppOptions) {
  const healthy = await testApp(dialect)
  const broken = await testApp(dialect, {}, { ...options, beside: healthy })
  // Signed in before anything breaks.
  await broken.asAdmin({ url: '/api/v1/auth/me' })
  return { healthy, broken }
}

const contentOf = (version: string, content: string, platforms = ['linux_amd64']) =>
  packagesOf({ type: 'widget', version, content }, platforms)

async function servedPlatforms(app: TestApp, version: string): Promise<string[]> {
  const response = await app.request('/v1/providers/acme/widget/versions')
  if (response.statusCode === 404) return []
  const { versions } = response.json<{ versions: { version: string; platforms: { os: string; arch: string }[] }[] }>()
  return versions.filter((row) => row.version === version).flatMap(({ platforms }) => platforms.map(({ os, arch }) => `${os}_${arch}`))
}

/** What is announced is what is sent. */
async function expectWhole(app: TestApp, version: string, zh: string | undefined): Promise<void> {
  const document = await app.request(`/v1/providers/acme/widget/${version}/download/linux/amd64`)
  const { shasum, download_url, shasums_url } = document.json<Record<'shasum' | 'download_url' | 'shasums_url', string>>()
  expect(`zh:${shasum}`).toBe(zh)
  expect(sha256((await app.request(download_url)).rawPayload)).toBe(shasum)
  expect((await app.request(shasums_url)).body).toContain(shasum)
}

async function storedKeys({ deps }: TestApp): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of deps.store.list('providers/')) keys.push(key)
  return keys
}

async function ownedKeys({ deps }: TestApp): Promise<string[]> {
  const rows = await deps.database.db.selectFrom('providerPlatforms').select('storageKey').orderBy('storageKey').execute()
  return rows.map(({ storageKey }) => storageKey)
}

async function spooledFiles({ deps }: TestApp): Promise<string[]> {
  const entries = await readdir(join(deps.config.dataDir, 'tmp'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

/** What time does to the claims of a process that died. */
const expireClaims = ({ deps }: TestApp) => deps.database.db.updateTable('objectClaims').set({ expiresAt: 1 }).execute()

interface Attempt {
  readonly failed: boolean
  /** Whether the version was there afterwards. */
  readonly isThere: boolean
}

interface FaultyPair {
  readonly healthy: TestApp
  readonly broken: TestApp
  readonly faults: DatabaseFaults
}

/** Publishes while the database goes away after so many statements; whatever became of it, the next publisher succeeds. */
async function attempt({ healthy, broken, faults }: FaultyPair, statements: number): Promise<Attempt> {
  const version = `1.0.${statements}`
  faults.goAwayAfter(statements)
  const { statusCode } = await publish(broken, { version, packages: contentOf(version, 'first') })
  const failed = faults.hasFailed()
  faults.comeBack()
  await expireClaims(healthy)
  const isThere = (await servedPlatforms(healthy, version)).length > 0
  // A success is never lost; a failure says that it was the database.
  expect([statusCode, isThere]).toEqual(statusCode === 201 ? [201, true] : [503, isThere])
  const next = await publish(healthy, { version, packages: contentOf(version, isThere ? 'first' : 'second') })
  expect(next.statusCode).toBe(isThere ? 200 : 201)
  await expectWhole(healthy, version, next.json<PublishAnswer>().platforms[0]?.zh)
  return { failed, isThere }
}

/** A store whose n-th `putFile` fails, before or after its work is done. */
function breakStore(store: ServableStore, fault: { readonly at: number; readonly when: 'before' | 'after'; readonly error: Error }) {
  let calls = 0
  const putFile: ServableStore['putFile'] = async (key, path, file) => {
    calls += 1
    if (calls === fault.at && fault.when === 'before') throw fault.error
    const outcome = await store.putFile(key, path, file)
    if (calls === fault.at) throw fault.error
    return outcome
  }
  return { ...store, putFile }
}

describe.each(DIALECTS)('publishing while something fails, on %s', (dialect) => {
  // P1, P2, reliability.md F1 to F3: the database goes away before each of the statements in turn, and stays away.
  test('a version is there whole or not at all, whichever statement is the last, and the next publisher succeeds', async () => {
    const faults = createDatabaseFaults()
    const { healthy, broken } = await setUp(dialect, { wrapDatabase: faults.wrap })
    const attempts: Attempt[] = []
    do attempts.push(await attempt({ healthy, broken, faults }, attempts.length))
    while (attempts.at(-1)?.failed)
    // The faults really met every step, those after the commit included.
    expect(attempts.length).toBeGreaterThan(15)
    expect(attempts.filter(({ failed, isThere }) => failed && isThere).length).toBeGreaterThan(0)
    expect(attempts.filter(({ isThere }) => !isThere).length).toBeGreaterThan(10)
    await sweep(healthy.deps, { graceMs: -60_000 })
    expect(await storedKeys(healthy)).toEqual(await ownedKeys(healthy))
    expect(await spooledFiles(healthy)).toEqual([])
  })

  test.each(['before', 'after'] as const)('nothing is visible when the store fails %s the second of three packages', async (when) => {
    const error = new Error('the process dies here')
    const change: TestAppOptions['change'] = (deps) => ({ ...deps, store: breakStore(deps.store, { at: 2, when, error }) })
    const { healthy, broken } = await setUp(dialect, { change })
    const failed = await publish(broken, { packages: contentOf('1.0.0', 'first', PLATFORMS) })
    expect(failed.statusCode).toBe(500)
    expect(await servedPlatforms(healthy, '1.0.0')).toEqual([])
    expect(await storedKeys(healthy)).toHaveLength(when === 'before' ? 1 : 2)
    // reliability.md F2: objects without a row give way to the next publisher, whatever it brings.
    const { platforms } = await publishNew(healthy, { packages: contentOf('1.0.0', 'second', PLATFORMS) })
    expect(await servedPlatforms(healthy, '1.0.0')).toEqual(PLATFORMS)
    await expectWhole(healthy, '1.0.0', platforms.find(({ platform }) => platform === 'linux_amd64')?.zh)
    expect(await spooledFiles(healthy)).toEqual([])
  })

  test('what a failed publish has stored is swept when nobody comes again', async () => {
    const error = new Error('the process dies here')
    const change: TestAppOptions['change'] = (deps) => ({ ...deps, store: breakStore(deps.store, { at: 2, when: 'after', error }) })
    const { healthy, broken } = await setUp(dialect, { change })
    await publish(broken, { packages: contentOf('1.0.0', 'first', PLATFORMS) })
    await publishNew(healthy, { version: '2.0.0' })
    await sweep(healthy.deps, { graceMs: 3_600_000 })
    expect(await storedKeys(healthy)).toHaveLength(3)
    await sweep(healthy.deps, { graceMs: -60_000 })
    expect(await storedKeys(healthy)).toEqual(await ownedKeys(healthy))
    expect(await servedPlatforms(healthy, '2.0.0')).toEqual(['linux_amd64'])
  })

  // reliability.md F7
  test('a full storage answers 507, and the same request succeeds when there is room', async () => {
    const error = new RegistryError('STORAGE_FULL', 'Cannot store "x": the storage is full')
    const change: TestAppOptions['change'] = (deps) => ({ ...deps, store: breakStore(deps.store, { at: 1, when: 'before', error }) })
    const { healthy, broken } = await setUp(dialect, { change })
    const packages = contentOf('1.0.0', 'first')
    expect((await publish(broken, { packages })).statusCode).toBe(507)
    expect(await servedPlatforms(healthy, '1.0.0')).toEqual([])
    expect(await spooledFiles(healthy)).toEqual([])
    expect((await publish(broken, { packages })).statusCode).toBe(201)
  })
})
