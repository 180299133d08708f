import type { AnswerOf } from '@terrace/api-client/operations.ts'
import type { Api } from '../connection/api.ts'
import { listRows } from '../connection/list-rows.ts'
import { formatBytes, formatTime } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { printable } from '../output/printable.ts'
import { showFacts } from '../output/show-facts.ts'
import type { Job } from './job-progress.ts'

export type JobItem = AnswerOf<'get', '/api/v1/admin/jobs/{id}'>['items'][number]

/** A job, and every item of it that failed. */
export interface JobOutcome {
  readonly job: Job
  readonly failedItems: readonly JobItem[]
}

/** Reads a job's sums and its failed items. */
export async function readJobOutcome(api: Api, id: string): Promise<JobOutcome> {
  const action = `read job "${id}"`
  const job = await api.call('get', '/api/v1/admin/jobs/{id}', { action, params: { id }, query: { limit: 1 } })
  if (job.failed === 0) return { job, failedItems: [] }
  const { rows } = await listRows(Number.POSITIVE_INFINITY, async (page) => {
    const query = { ...page, state: 'failed' }
    const { items, failed } = await api.call('get', '/api/v1/admin/jobs/{id}', { action, params: { id }, query })
    return { items, total: failed }
  })
  return { job, failedItems: rows }
}

/** Writes a job as data. */
export function showJob(output: Output, { job, failedItems }: JobOutcome): void {
  const { items: _page, ...sums } = job
  showFacts(output, {
    facts: [
      ['job', job.id],
      ['title', job.title],
      ['state', job.state],
      ['items', `${job.total} (${job.completed} completed, ${job.failed} failed, ${job.running} running, ${job.pending} pending)`],
      ['bytes', `${formatBytes(job.bytes_done)} of ${formatBytes(job.bytes_total)}`],
      ['created', `${formatTime(job.created_at)} by ${job.created_by}`],
      ['finished', formatTime(job.finished_at)],
      ...failedItems.map((item) => ['failed', describeFailure(item)] as const),
    ],
    document: { ...sums, failed_items: failedItems },
  })
}

/** One line: the item, and why it failed. */
export function describeFailure({ key, error_message, error_code, attempts }: JobItem): string {
  const tries = attempts > 1 ? ` (${attempts} attempts)` : ''
  return printable(`${key}: ${error_message ?? error_code ?? 'unknown reason'}${tries}`)
}
