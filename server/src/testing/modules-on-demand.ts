import { sql } from 'kysely'
import type { AppDeps } from '../app-deps.ts'
import { createModulesOnDemand } from '../features/module-pull-through/index.ts'
import { WAITS, type Waits } from '../features/pull-through/index.ts'
import type { Dialect } from './dialects.ts'
import type { FakeModules } from './fake-modules.ts'
import { ORIGIN, runJobs } from './mirror-jobs.ts'
import { type TestApp, testApp } from './test-app.ts'
import { type TestClock, testClock } from './test-edge.ts'

/** A server that fetches modules from a fake registry when it is asked for them. */
export interface ModulesApp extends TestApp {
  readonly clock: TestClock
  /** Lets time pass, also for the version lists in the database. */
  pass(ms: number): Promise<void>
  /** What a client is told about the versions of a module. */
  versions(name: string, host?: string): Promise<{ readonly status: number; readonly stale: number; readonly versions: readonly string[] }>
  /** What a client is told about where a version is. */
  download(name: string, version?: string): Promise<{ readonly status: number; readonly text: string; readonly location: string }>
  /** The archive that a client gets in the end. */
  install(name: string, version?: string): Promise<Buffer>
}

export interface ModulesAppOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Shorter than the product's. */
  readonly waits?: Partial<Waits>
  readonly beside?: TestApp
  /** Without workers nothing is fetched. */
  readonly works?: boolean
  /** CAs that are trusted for what the registry refers to. */
  readonly caFile?: string
}

/** Opens such a server for one test. */
export async function modulesApp(
  dialect: Dialect,
  upstream: Pick<FakeModules, 'url'>,
  { env = {}, waits = {}, works = true, beside, caFile }: ModulesAppOptions = {},
): Promise<ModulesApp> {
  const clock = testClock()
  const settings = {
    TFR_UPSTREAM: JSON.stringify({ [ORIGIN]: { url: upstream.url, ...(caFile !== undefined && { ca_file: caFile }) } }),
    TFR_OUTBOUND_ALLOWED_NETWORKS: '["127.0.0.0/8", "::1/128"]',
    TFR_PROVIDERS_DOWNLOAD_RETRY_ATTEMPTS: '2',
    TFR_FEATURES_AUTO_DOWNLOAD_MODULES: 'true',
    TFR_MIRROR_UPSTREAMS: ORIGIN,
    TFR_RATE_LIMIT_ENABLED: 'false',
    ...env,
  }
  const change = (deps: AppDeps) => ({ ...deps, modulesOnDemand: createModulesOnDemand(deps, { ...WAITS, ...waits }) })
  const app = await testApp(dialect, settings, { clock, change, ...(beside !== undefined && { beside }) })
  if (works) runJobs(app)
  const client = moduleClient(app)
  return { ...app, clock, pass: (ms) => pass(app, clock, ms), ...client }
}

async function pass({ deps }: TestApp, clock: TestClock, ms: number): Promise<void> {
  clock.advance(ms)
  await deps.database.db
    .updateTable('upstreamModuleLists')
    .set({ fetchedAt: sql<number>`fetched_at - ${ms}` })
    .execute()
}

/** What clients of a server do with modules of the fake registry. */
export function moduleClient(app: TestApp): Pick<ModulesApp, 'versions' | 'download' | 'install'> {
  const path = (name: string, rest: string, host = ORIGIN) => `/v1/upstream/${host}/modules/${name}/${rest}`
  const download = async (name: string, version = '1.0.0') => {
    const response = await app.request(path(name, `${version}/download`))
    return { status: response.statusCode, text: response.body, location: String(response.headers['x-terraform-get'] ?? '') }
  }
  return {
    async versions(name, host) {
      const response = await app.request(path(name, 'versions', host))
      const document = response.json<{ modules?: { versions: { version: string }[] }[] }>()
      return {
        status: response.statusCode,
        stale: Number(response.headers['x-registry-stale'] ?? 0),
        versions: document.modules?.[0]?.versions.map(({ version }) => version) ?? [],
      }
    },
    download,
    async install(name, version) {
      const { status, text, location } = await download(name, version)
      if (status !== 204) throw new Error(`No location: ${status} ${text}`)
      return fetchArchive(app, location)
    },
  }
}

/** As go-getter does: without the folder, and where redirects lead. */
async function fetchArchive(app: TestApp, location: string): Promise<Buffer> {
  const response = await app.request(location.replace(/(?<!:)\/\/[^?]*/, (folder) => (folder.includes('.tar.gz') ? folder : '')))
  const { location: next } = response.headers
  if (next !== undefined) return fetchArchive(app, next)
  if (response.statusCode !== 200) throw new Error(`No archive: ${response.statusCode} ${response.body}`)
  return response.rawPayload
}
