import { onTestFinished, vi } from 'vitest'
import { startWorker, type Worker } from '../base/queue/worker.ts'
import { jobHandlers, urgentJobHandlers } from '../jobs.ts'
import type { FakeUpstream } from './fake-upstream/fake-upstream.ts'
import type { TestApp } from './test-app.ts'

/** Host name under which the tests know the fake upstream. */
export const ORIGIN = 'registry.example.com'

/** A job as the API shows it. */
export interface JobAnswer {
  readonly id: string
  readonly title: string
  readonly state: string
  readonly created_by: string
  readonly finished_at: string | null
  readonly total: number
  readonly completed: number
  readonly failed: number
  readonly bytes_done: number
  readonly bytes_total: number
  readonly items: readonly JobItemAnswer[]
}

export interface JobItemAnswer {
  readonly key: string
  readonly kind: string
  readonly state: string
  readonly attempts: number
  readonly bytes_done: number
  readonly error_code: string | null
  readonly error_message: string | null
}

/** Settings of a server that loads from the fake upstream; two tries, so that a retry is seen and does not take long. */
export function mirrorSettings(upstream: Pick<FakeUpstream, 'url'>, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    TFR_UPSTREAM: JSON.stringify({ [ORIGIN]: { url: upstream.url } }),
    TFR_OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8',
    TFR_PROVIDERS_DOWNLOAD_RETRY_ATTEMPTS: '2',
    ...env,
  }
}

/** A definition file with one provider of the fake upstream. */
export function definitionOf(name: string, versions: readonly string[] = ['1.0.0'], platforms?: readonly string[]): string {
  const wanted = platforms === undefined ? '' : `\n  platforms = ${JSON.stringify(platforms)}`
  return `provider "${ORIGIN}/${name}" {\n  versions = ${JSON.stringify(versions)}${wanted}\n}\n`
}

/** Starts the real workers of a server. Whoever calls it stops it before the server is closed. */
export function startJobs({ deps }: TestApp, { concurrency = 4, leaseMs = 30_000 } = {}): Worker {
  const { queue, logger } = deps
  const worker = startWorker({
    queue,
    handlers: { ...jobHandlers(deps), ...urgentJobHandlers(deps) },
    concurrency,
    pollMs: 20,
    leaseMs,
    logger,
  })
  deps.jobs.connect(() => worker.wake())
  return worker
}

/** The same for one test. */
export function runJobs(app: TestApp, options: { concurrency?: number; leaseMs?: number } = {}): Worker {
  const worker = startJobs(app, options)
  onTestFinished(() => worker.stop(0))
  return worker
}

/** Uploads a definition file; answers the job's id. @throws when it is refused. */
export async function upload(app: TestApp, definition: string): Promise<string> {
  const headers = { 'content-type': 'text/plain' }
  const response = await app.asAdmin({ method: 'POST', url: '/api/v1/admin/providers/upload', headers, payload: definition })
  if (response.statusCode !== 202) throw new Error(`Not accepted: ${response.statusCode} ${response.body}`)
  return response.json<{ job_id: string }>().job_id
}

/** Waits until no item of the job is left to do. */
export async function untilDone(app: TestApp, id: string): Promise<JobAnswer> {
  await vi.waitFor(
    async () => {
      const job = await app.deps.queue.getJob(id)
      if (job === undefined || job.pending + job.running > 0) throw new Error(`Job ${id} is ${job?.state}`)
    },
    { timeout: 25_000, interval: 10 },
  )
  return readJob(app, id)
}

/** The job as the API shows it now. */
export async function readJob(app: TestApp, id: string): Promise<JobAnswer> {
  return (await app.asAdmin({ url: `/api/v1/admin/jobs/${id}?limit=100` })).json<JobAnswer>()
}

/** Uploads and waits. */
export async function load(app: TestApp, definition: string): Promise<JobAnswer> {
  return untilDone(app, await upload(app, definition))
}

/** Has the failed items tried again and waits. */
export async function retry(app: TestApp, id: string): Promise<JobAnswer> {
  const response = await app.asAdmin({ method: 'POST', url: `/api/v1/admin/jobs/${id}/retry` })
  if (response.statusCode !== 202) throw new Error(`Not retried: ${response.statusCode} ${response.body}`)
  return untilDone(app, id)
}

/** A quarantined package as the API shows it. */
export interface QuarantineAnswer {
  readonly namespace: string
  readonly type: string
  readonly version: string
  readonly os: string
  readonly arch: string
  readonly step: string
  readonly code: string
  readonly message: string
  readonly evidence: Readonly<Record<string, unknown>>
  readonly upstream_url: string
}

/** What of a namespace is in quarantine. */
export async function quarantineOf(app: TestApp, namespace: string): Promise<QuarantineAnswer[]> {
  const response = await app.asAdmin({ url: '/api/v1/admin/quarantine?limit=100' })
  return response.json<{ items: QuarantineAnswer[] }>().items.filter((item) => item.namespace === namespace)
}

/** What the mirror serves of a version: links and hashes by platform. */
export async function archivesOf(app: TestApp, name: string, version = '1.0.0') {
  const response = await app.request(`/v1/mirror/${ORIGIN}/${name}/${version}.json`)
  if (response.statusCode === 404) return {}
  return response.json<{ archives: Record<string, { url: string; hashes: string[] }> }>().archives
}
