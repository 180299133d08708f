import { setTimeout } from 'node:timers/promises'
import { CliError, EXIT } from '../cli-error.ts'
import type { Api } from '../connection/api.ts'
import { eventSink } from '../connection/read-events.ts'
import type { Output } from '../output/output.ts'
import type { Job } from './job-progress.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_000
/** A server that is restarted goes on with the job; so does the one who follows it. */
const PATIENCE_MS = 60_000
/** The server says every 15 s that it is still there. */
const SILENCE_MS = 40_000

/** A job that is followed. */
export interface Followed {
  readonly id: string
  readonly output: Output
  /** Told of each state. @param now ms of this process. */
  readonly show: (now: number, job: Job) => void
}

/**
 * Follows the events of a job to its end, over restarts of the server and breaks of the line, and at whatever replica answers. Where
 * events cannot be had, because too many follow jobs or something on the way does not let them through, the job itself is asked for.
 * @throws {CliError} exit code 6 when the server was away for longer than a restart takes.
 */
export async function followJob(api: Api, followed: Followed): Promise<void> {
  const seen: Seen = { lastEventId: undefined, heardAt: performance.now(), ended: false }
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.3, LONGEST_PAUSE_MS)) {
    const before = seen.heardAt
    await readEvents(api, followed, seen)
    if (seen.ended) return
    if (seen.heardAt > before) pauseMs = FIRST_PAUSE_MS
    await setTimeout(pauseMs)
  }
}

interface Seen {
  lastEventId: string | undefined
  heardAt: number
  ended: boolean
}

async function readEvents(api: Api, followed: Followed, seen: Seen): Promise<void> {
  const { id } = followed
  const sink = eventSink((event) => {
    seen.lastEventId = event.id
    take(followed, seen, JSON.parse(event.data) as Job)
  })
  try {
    const headers = seen.lastEventId === undefined ? {} : { 'last-event-id': seen.lastEventId }
    const call = { action: `follow job "${id}"`, params: { id }, timeoutMs: SILENCE_MS, headers, sink }
    const { status } = await api.exchange('get', '/api/v1/admin/jobs/{id}/events', call)
    if (status === 204) seen.ended = true
  } catch (error) {
    if (!(error instanceof CliError) || !isPassing(error)) throw error
    if (!seen.ended) await readJob(api, followed, seen)
  }
}

function isPassing({ exitCode, code }: CliError): boolean {
  return exitCode === EXIT.unavailable || code === 'ROUTE_NOT_FOUND'
}

async function readJob(api: Api, followed: Followed, seen: Seen): Promise<void> {
  const { id, output } = followed
  const call = { action: `follow job "${id}"`, params: { id }, query: { limit: 1 } }
  take(followed, seen, await patiently(output, seen.heardAt, () => api.call('get', '/api/v1/admin/jobs/{id}', call)))
}

/**
 * Does something as often as it takes while the server is away.
 * @param since when the server was last heard, ms of this process.
 * @throws {CliError} exit code 6 when it was away for longer than a restart takes.
 */
export async function patiently<Result>(output: Output, since: number, work: () => Promise<Result>): Promise<Result> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.3, LONGEST_PAUSE_MS)) {
    try {
      return await work()
    } catch (error) {
      const isAway = error instanceof CliError && error.exitCode === EXIT.unavailable
      if (!isAway || performance.now() - since > PATIENCE_MS) throw error
      output.detail(`${error.message}; trying again`)
      await setTimeout(pauseMs)
    }
  }
}

function take({ show }: Followed, seen: Seen, job: Job): void {
  seen.heardAt = performance.now()
  if (job.state === 'pending' || job.state === 'running') show(seen.heardAt, job)
  else seen.ended = true
}
