import type { LightMyRequestResponse } from 'fastify'
import { type JobAnswer, ORIGIN, untilDone } from './mirror-jobs.ts'
import type { TestApp } from './test-app.ts'

/** Where mirrors are. */
export const MIRRORS = '/api/v1/admin/mirrors'

/** A mirror as the API shows it. */
export interface MirrorAnswer {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly next_run_at: string | null
  readonly failures: number
  readonly current_job_id: string | null
}

/** A run as the API shows it. */
export interface RunAnswer {
  readonly run: number
  readonly job_id: string
  readonly state: string
  readonly started_because: string
  readonly finished_at: string | null
  readonly packages: number
  readonly fetched: number
  readonly failed: number
  readonly bytes: number
  readonly errors: readonly { readonly code: string; readonly count: number }[]
  readonly left_out: readonly {
    readonly reason: string
    readonly providers: number
    readonly versions: number
    readonly examples: readonly { readonly provider: string; readonly versions: readonly string[]; readonly why: string }[]
  }[]
}

/** A request to a mirror as the administrator: `POST /NAME/sync`. */
export function askMirror(app: TestApp, request: string, payload?: object): Promise<LightMyRequestResponse> {
  const [method = '', path = ''] = request.split(' ')
  return app.asAdmin({ method: method as 'GET', url: `${MIRRORS}${path}`, ...(payload !== undefined && { payload }) })
}

/** Makes a mirror of the fake upstream that the schedule leaves alone unless `enabled` is given. @throws when it is refused. */
export async function createTestMirror(app: TestApp, settings: object): Promise<MirrorAnswer> {
  const response = await askMirror(app, 'POST ', { name: 'test', upstream: ORIGIN, enabled: false, ...settings })
  if (response.statusCode !== 201) throw new Error(`Not created: ${response.statusCode} ${response.body}`)
  return response.json<MirrorAnswer>()
}

/** Starts a run; answers its job. @throws when it is refused. */
export async function startSync(app: TestApp, name: string, scope: object = {}): Promise<string> {
  const response = await askMirror(app, `POST /${name}/sync`, { scope })
  if (response.statusCode !== 202) throw new Error(`Not started: ${response.statusCode} ${response.body}`)
  return response.json<{ job_id: string }>().job_id
}

/** Starts a run and waits for its end. */
export async function syncMirror(app: TestApp, name: string, scope: object = {}): Promise<JobAnswer> {
  return untilDone(app, await startSync(app, name, scope))
}

/** Keys of the packages that a job was about, sorted. */
export function packagesOf({ items }: JobAnswer): string[] {
  return items
    .filter(({ kind }) => kind === 'provider.fetch_package')
    .map(({ key }) => key.replace(`${ORIGIN}/`, ''))
    .sort()
}

/** Runs of a mirror, newest first. */
export async function historyOf(app: TestApp, name: string): Promise<RunAnswer[]> {
  return (await askMirror(app, `GET /${name}/history`)).json<{ items: RunAnswer[] }>().items
}
