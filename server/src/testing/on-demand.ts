import { sql } from 'kysely'
import type { AppDeps } from '../app-deps.ts'
import type { Database } from '../base/database/open-database.ts'
import { createPullThrough, WAITS, type Waits } from '../features/pull-through/index.ts'
import type { Dialect } from './dialects.ts'
import type { FakeUpstream } from './fake-upstream/fake-upstream.ts'
import { mirrorSettings, ORIGIN, runJobs } from './mirror-jobs.ts'
import { type TestApp, testApp } from './test-app.ts'
import { type TestClock, testClock } from './test-edge.ts'

/** A server that fetches from a fake upstream what it is asked for. */
export interface OnDemandApp extends TestApp {
  readonly clock: TestClock
  /** Lets time pass, also for what the database holds of upstreams. */
  pass(ms: number): Promise<void>
}

export interface OnDemandOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Shorter than the product's. */
  readonly waits?: Partial<Waits>
  readonly beside?: TestApp
  /** Puts something between the server and its database. */
  readonly wrapDatabase?: (database: Database) => Database
  /** Without workers nothing is fetched. */
  readonly works?: boolean
}

/** Opens such a server for one test. */
export async function onDemandApp(
  dialect: Dialect,
  upstream: Pick<FakeUpstream, 'url'>,
  { env = {}, waits = {}, works = true, ...options }: OnDemandOptions = {},
): Promise<OnDemandApp> {
  const clock = testClock()
  const settings = { TFR_FEATURES_AUTO_DOWNLOAD_PROVIDERS: 'true', TFR_MIRROR_UPSTREAMS: ORIGIN, TFR_RATE_LIMIT_ENABLED: 'false', ...env }
  const change = (deps: AppDeps) => ({ ...deps, onDemand: deps.onDemand && createPullThrough(deps, { ...WAITS, ...waits }) })
  const app = await testApp(dialect, mirrorSettings(upstream, settings), { clock, change, ...options })
  if (works) runJobs(app)
  return { ...app, clock, pass: (ms) => pass(app, clock, ms) }
}

async function pass({ deps }: TestApp, clock: TestClock, ms: number): Promise<void> {
  clock.advance(ms)
  for (const table of ['upstreamVersionLists', 'upstreamSignedVersions'] as const) {
    await deps.database.db
      .updateTable(table)
      .set({ fetchedAt: sql<number>`fetched_at - ${ms}` })
      .execute()
  }
}

export interface Archive {
  readonly url: string
  readonly hashes: readonly string[]
}

/** Canonical versions that the mirror lists of a provider of the fake upstream. */
export async function listedVersions(app: TestApp, name: string): Promise<string[]> {
  const response = await app.request(`/v1/mirror/${ORIGIN}/${name}/index.json`)
  if (response.statusCode !== 200) throw new Error(`No list: ${response.statusCode} ${response.body}`)
  return Object.keys(response.json<{ versions: object }>().versions)
}
