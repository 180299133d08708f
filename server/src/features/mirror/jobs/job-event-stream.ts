import { Readable } from 'node:stream'
import type { JobSummary } from '../../../base/queue/job-queue.ts'
import { presentJob } from '../job-routes.ts'
import type { JobWatch } from './job-watch.ts'

/** How a stream of events behaves. */
export interface EventStreamOptions {
  /** A comment is sent so often, so that no proxy takes the silence for the end. */
  readonly heartbeatMs: number
  /** Then the reader has to come back, with a credential that still counts. */
  readonly lifeMs: number
}

/** More than this that nobody has read: states in between are left out. */
const MAX_WAITING_BYTES = 64 * 1024
/** The reader's pause before it connects again. */
const RETRY_MS = 2000

/** Tells one state of a job from another; the same on every replica, so that a reader may come back anywhere. */
export function eventIdOf(job: JobSummary): string {
  const { state, pending, running, completed, failed, cancelled, bytesDone, bytesTotal } = job
  return [state, pending, running, completed, failed, cancelled, bytesDone, bytesTotal].join('.')
}

/** Whether nothing of a job is left to do. */
export function hasEnded({ state }: JobSummary): boolean {
  return state !== 'pending' && state !== 'running'
}

interface EventStreamOf extends EventStreamOptions {
  readonly watch: JobWatch
  /** As it is now. */
  readonly job: JobSummary
  /** What the reader has seen last. */
  readonly lastEventId: string | undefined
}

/**
 * Server-sent events about a job: `progress` whenever it has changed, `end` when it has ended, which also ends the stream. A reader
 * that comes back with the id of the last event is told nothing twice. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function streamJobEvents({ watch, job, lastEventId, heartbeatMs, lifeMs }: EventStreamOf): Readable {
  const stream = new Readable({ read: () => undefined })
  let told = lastEventId
  const tell = (current: JobSummary) => {
    const id = eventIdOf(current)
    if (hasEnded(current)) {
      stream.push(formatEvent('end', current))
      stream.push(null)
    } else if (id !== told && stream.readableLength < MAX_WAITING_BYTES) {
      stream.push(formatEvent('progress', current))
      told = id
    }
  }
  stream.push(`retry: ${RETRY_MS}\n\n`)
  tell(job)
  if (hasEnded(job)) return stream
  const timers = [setInterval(() => stream.push(': still there\n\n'), heartbeatMs), setTimeout(() => stream.push(null), lifeMs)]
  const leave = watch.follow(job.id, (current) => {
    if (!stream.readableEnded && !stream.destroyed) tell(current)
    if (hasEnded(current)) end()
  })
  const end = () => {
    leave()
    for (const timer of timers) clearTimeout(timer)
  }
  stream.once('close', end)
  return stream
}

function formatEvent(event: string, job: JobSummary): string {
  return `event: ${event}\nid: ${eventIdOf(job)}\ndata: ${JSON.stringify(presentJob(job))}\n\n`
}
