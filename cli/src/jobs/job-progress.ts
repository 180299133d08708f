import type { AnswerOf } from '@terrace/api-client/operations.ts'
import { countOf, formatBytes, formatSeconds } from '../output/format-amounts.ts'
import type { ProgressView } from '../output/progress-line.ts'
import { RateMeter } from '../output/rate-meter.ts'

export type Job = AnswerOf<'get', '/api/v1/admin/jobs/{id}'>
type Sums = Pick<Job, 'total' | 'completed' | 'failed' | 'running' | 'bytes_done' | 'bytes_total'>

/** No estimate before this. */
const MIN_WATCHED_MS = 1_000

/** Turns what a job says of itself, time after time, into amounts, rate and time left. */
export class JobProgress {
  readonly #rate = new RateMeter()
  #start: { readonly at: number; readonly fraction: number } | undefined

  /** @param now ms. */
  view(now: number, job: Sums): ProgressView {
    const fraction = fractionOf(job)
    this.#rate.add(now, job.bytes_done)
    this.#start ??= { at: now, fraction }
    const parts = [`${job.completed + job.failed} of ${countOf(job.total, 'item')}`]
    if (job.failed > 0) parts.push(`${job.failed} failed`)
    if (job.bytes_done > 0) parts.push(formatBytes(job.bytes_done))
    if (this.#rate.perSecond > 0) parts.push(`${formatBytes(this.#rate.perSecond)}/s`)
    const left = this.#secondsLeft(now, fraction)
    if (left !== undefined) parts.push(`about ${formatSeconds(left)} left`)
    return { fraction, text: parts.join(', ') }
  }

  #secondsLeft(now: number, fraction: number): number | undefined {
    if (this.#start === undefined) return undefined
    const watchedMs = now - this.#start.at
    const gained = fraction - this.#start.fraction
    return watchedMs < MIN_WATCHED_MS || gained <= 0 ? undefined : ((1 - fraction) * watchedMs) / gained / 1000
  }
}

/**
 * Share of a job that is done. Items that run count by their bytes: what is still missing of the known bytes belongs to them, and
 * their size is taken to be that of the average item.
 */
export function fractionOf({ total, completed, failed, running, bytes_done, bytes_total }: Sums): number {
  if (total === 0) return 0
  const finished = completed + failed
  if (running === 0 || bytes_total === 0) return finished / total
  const runningBytes = (bytes_total / (finished + running)) * running
  const done = 1 - (bytes_total - bytes_done) / runningBytes
  return (finished + running * Math.min(1, Math.max(0, done))) / total
}
