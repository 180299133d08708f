import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { makeTemporaryFolder } from '../../acceptance/src/harness/temporary-folder.ts'
import { startTerrace, type TerraceServer } from '../../acceptance/src/harness/terrace-server.ts'

/** Platforms that most providers are built for. */
export const PLATFORMS = ['darwin_amd64', 'darwin_arm64', 'linux_386', 'linux_amd64', 'linux_arm64', 'windows_amd64'] as const

/** Namespace of everything that the benchmarks publish. */
export const NAMESPACE = 'bench'

export interface PublishedVersion {
  readonly type: string
  readonly version: string
  /** Zips by platform. */
  readonly packages: Readonly<Record<string, Blob>>
}

/** The real server as a process of its own, with an administrator signed in. */
export interface BenchServer extends AsyncDisposable {
  readonly url: string
  /** Where it listens on https, with `localTls`; the authority is `tls/ca.pem` in `dataDir`. */
  readonly tlsUrl: string | undefined
  readonly pid: number
  readonly dataDir: string
  /** Publishes below {@link NAMESPACE}, signed by the registry. */
  publish(version: PublishedVersion): Promise<void>
  /** Milliseconds from sending a definition file to its last package being served. */
  load(definition: string): Promise<number>
  /** The signed link to a published package for `linux_amd64`. */
  packageLink(type: string, version: string): Promise<string>
}

const JOB_POLL_MS = 25
const JOB_TIMEOUT_MS = 300_000

/** As in production, but for limits that would count a load test as an attack, and a log that goes to a file. */
function environment(logPath: string): Record<string, string> {
  const unlimited = '10000000'
  return {
    TFR_RATE_LIMIT_PROTOCOL_PER_MINUTE: unlimited,
    TFR_RATE_LIMIT_API_PER_MINUTE: unlimited,
    TFR_LOGGING_OUTPUT: 'file',
    TFR_LOGGING_FILE_PATH: logPath,
    ...profilingEnvironment(),
  }
}

/** Flags of Node for the measured server: `BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=/tmp/profiles"` shows where time goes. */
export function profilingEnvironment(): Record<string, string> {
  const { BENCH_NODE_OPTIONS: options } = process.env
  return options === undefined ? {} : { NODE_OPTIONS: options }
}

/**
 * Starts it on a folder of its own.
 *
 * @param options.config text of a configuration file (HCL)
 * @param options.localTls listens on https too, with an authority of its own
 * @param options.env added to the environment of the process
 */
export async function startBenchServer(
  options: { readonly config?: string; readonly env?: Readonly<Record<string, string>>; readonly localTls?: boolean } = {},
): Promise<BenchServer> {
  const folder = makeTemporaryFolder('bench')
  const env = { ...environment(join(folder.path, 'server.log')), ...options.env }
  const server = await startTerrace({ ...options, dataDir: join(folder.path, 'data'), env })
  const api = createApi(server)
  return {
    url: server.url,
    tlsUrl: server.tlsUrl,
    pid: server.process.pid,
    dataDir: server.dataDir,
    publish: (version) => publish(api, version),
    load: (definition) => load(api, definition),
    async packageLink(type, version) {
      const document = await api(`/v1/providers/${NAMESPACE}/${type}/${version}/download/linux/amd64`)
      return new URL(String(document.download_url), server.url).href
    },
    async [Symbol.asyncDispose]() {
      await server.stop()
      await server.close()
      folder.remove()
    },
  }
}

type Api = (path: string, init?: RequestInit) => Promise<Record<string, unknown>>

/** @throws with the answer when it is not a 2xx. */
function createApi(server: TerraceServer): Api {
  return async (path, init = {}) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${await server.signIn()}`)
    const response = await fetch(`${server.url}${path}`, { ...init, headers })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }
}

async function publish(api: Api, { type, version, packages }: PublishedVersion): Promise<void> {
  const form = new FormData()
  for (const [name, value] of Object.entries({ namespace: NAMESPACE, type, version })) form.append(name, value)
  for (const [platform, zip] of Object.entries(packages)) form.append('file', zip, `terraform-provider-${type}_${version}_${platform}.zip`)
  await api('/api/v1/providers', { method: 'POST', body: form })
}

async function load(api: Api, definition: string): Promise<number> {
  const startedAt = performance.now()
  const { id } = await api('/api/v1/admin/providers/upload', {
    method: 'POST',
    headers: { 'content-type': 'application/hcl' },
    body: definition,
  })
  while (performance.now() - startedAt < JOB_TIMEOUT_MS) {
    const job = await api(`/api/v1/admin/jobs/${String(id)}`)
    if (job.state === 'completed') return performance.now() - startedAt
    if (job.state === 'failed') throw new Error(`The load failed: ${JSON.stringify(job)}`)
    await setTimeout(JOB_POLL_MS)
  }
  throw new Error(`The load was not finished after ${JOB_TIMEOUT_MS} ms`)
}
