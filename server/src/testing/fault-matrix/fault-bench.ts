import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect } from 'vitest'
import { type ChaosProxy, startChaosProxy } from '../chaos-proxy/chaos-proxy.ts'
import type { Dialect } from '../dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../fake-upstream/fake-upstream.ts'
import type { FakeVersionInput } from '../fake-upstream/fake-version.ts'
import { mirrorSettings, ORIGIN, startJobs } from '../mirror-jobs.ts'
import { openTestApp, type TestApp, type TestAppOptions } from '../test-app.ts'

/** A server, its workers, and an upstream behind a line that can break. */
export interface FaultBench {
  readonly app: TestApp
  readonly upstream: FakeUpstream
  readonly chaos: ChaosProxy
  /** Adds a provider in a namespace of its own, because signing keys are pinned per namespace; answers `NAMESPACE/TYPE`. */
  addProvider(version?: FakeVersionInput): Promise<string>
  close(): Promise<void>
}

export interface FaultBenchOptions extends TestAppOptions {
  /** Settings beside the bench's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Where the server looks for the upstream; by default the proxy. */
  readonly upstreamUrl?: string
}

/** Opens it; the server fetches on demand too and tries everything twice. */
export async function openFaultBench(dialect: Dialect, { env = {}, upstreamUrl, ...options }: FaultBenchOptions = {}): Promise<FaultBench> {
  const upstream = await startFakeUpstream()
  const chaos = await startChaosProxy(upstream.port)
  const onDemand = { TFR_FEATURES_AUTO_DOWNLOAD_PROVIDERS: 'true', TFR_MIRROR_UPSTREAMS: ORIGIN, TFR_RATE_LIMIT_ENABLED: 'false' }
  const app = await openTestApp(dialect, mirrorSettings({ url: upstreamUrl ?? chaos.url }, { ...onDemand, ...env }), options)
  const worker = startJobs(app)
  let providers = 0
  return {
    app,
    upstream,
    chaos,
    async addProvider(version = {}) {
      providers += 1
      const name = `team-${providers}/widget`
      await upstream.addProvider(name, { versions: { '1.0.0': version } })
      return name
    },
    async close() {
      await worker.stop(0)
      await app.close()
      await chaos.close()
      await upstream.close()
    },
  }
}

const namespaceOf = (name: string): string => name.split('/')[0] ?? ''

/** Asserts that nothing of the provider is held, stored, claimed or half fetched. */
export async function expectNothingOf(app: TestApp, name: string): Promise<void> {
  const namespace = namespaceOf(name)
  expect(await heldOf(app, name)).toEqual([])
  expect(storedFiles(app).filter((path) => path.includes(`/${namespace}/`))).toEqual([])
  await expectNoLocks(app, name)
}

/** Asserts that nobody holds anything of the provider any more, and that no half of a file is left. */
export async function expectNoLocks({ deps, place }: TestApp, name: string): Promise<void> {
  const claims = await deps.database.db.selectFrom('objectClaims').select('key').execute()
  expect(claims.filter(({ key }) => key.includes(name))).toEqual([])
  expect(filesBelow(join(place.folder, 'data/tmp'))).toEqual([])
}

/** Packages that are held, `1.0.0 linux_amd64`. */
export async function heldOf(app: TestApp, name: string): Promise<string[]> {
  const response = await app.asAdmin({ url: `/api/v1/admin/providers?limit=100&namespace=${namespaceOf(name)}` })
  const { items } = response.json<{ items: { version: string; os: string; arch: string }[] }>()
  return items.map(({ version, os, arch }) => `${version} ${os}_${arch}`).sort()
}

/** Asserts that the mirror serves exactly the upstream's bytes of a package. */
export async function expectServed({ app, upstream }: FaultBench, name: string, version = '1.0.0'): Promise<void> {
  const document = await app.request(`/v1/mirror/${ORIGIN}/${name}/${version}.json`)
  const link = document.json<{ archives: Record<string, { url: string }> }>().archives.linux_amd64?.url ?? ''
  expect(link).toContain('/files/')
  const response = await app.request(link)
  expect([response.statusCode, response.rawPayload.equals(upstream.package(name, version).body)]).toEqual([200, true])
}

const storedFiles = ({ place }: TestApp): string[] => filesBelow(join(place.folder, 'data/storage'))

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}

/** One for all tests of a block, from its first test on. */
export function sharedBench(dialect: Dialect, options: FaultBenchOptions = {}): { readonly bench: FaultBench } {
  const holder: { bench: FaultBench } = { bench: undefined as never }
  beforeAll(async () => {
    holder.bench = await openFaultBench(dialect, options)
    return () => holder.bench.close()
  })
  return holder
}
