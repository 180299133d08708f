import { setTimeout } from 'node:timers/promises'
import { CliError, EXIT } from '../cli-error.ts'
import type { Api } from '../connection/api.ts'
import { countOf, formatBytes } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { type Job, JobProgress } from './job-progress.ts'
import { describeFailure, type JobOutcome, readJobOutcome, showJob } from './show-job.ts'

const FIRST_POLL_MS = 100
const SLOWEST_POLL_MS = 1_000
/** A server that is restarted goes on with the job; so does the watcher. */
const PATIENCE_MS = 60_000

/**
 * Stays until the job has ended and tells its outcome: failures one by one, then the sums.
 * @throws {CliError} exit code 1 when items failed, 6 when the server was away for longer than a restart takes.
 */
export async function watchJob(api: Api, output: Output, id: string): Promise<void> {
  const progress = new ProgressLine(output)
  try {
    await pollToEnd(api, { output, progress, id })
  } finally {
    progress.end()
  }
  tellOutcome(output, await readJobOutcome(api, id))
}

interface Watch {
  readonly output: Output
  readonly progress: ProgressLine
  readonly id: string
}

async function pollToEnd(api: Api, { output, progress, id }: Watch): Promise<void> {
  const amounts = new JobProgress()
  let answeredAt = performance.now()
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 1.3, SLOWEST_POLL_MS)) {
    const job = await readJob(api, id).catch((error: unknown) => {
      const isAway = error instanceof CliError && error.exitCode === EXIT.unavailable
      if (!isAway || performance.now() - answeredAt > PATIENCE_MS) throw error
      output.detail(`${error.message}; trying again`)
      return undefined
    })
    if (job !== undefined) {
      answeredAt = performance.now()
      if (job.state !== 'pending' && job.state !== 'running') return
      progress.show(answeredAt, amounts.view(answeredAt, job))
    }
    await setTimeout(pauseMs)
  }
}

function readJob(api: Api, id: string): Promise<Job> {
  return api.call('get', '/api/v1/admin/jobs/{id}', { action: `follow job "${id}"`, params: { id }, query: { limit: 1 } })
}

function tellOutcome(output: Output, outcome: JobOutcome): void {
  const { job, failedItems } = outcome
  if (output.settings.form !== 'human') showJob(output, outcome)
  if (job.state === 'cancelled') {
    throw new CliError(`Cannot complete job "${job.id}": it was cancelled`, {
      hint: 'What it has loaded stays; start it again to load the rest',
    })
  }
  if (job.failed === 0) {
    output.message(`Completed ${countOf(job.total, 'item')}, ${formatBytes(job.bytes_done)}`)
    return
  }
  for (const item of failedItems) output.alert(`Failed: ${describeFailure(item)}`)
  throw new CliError(`Cannot complete job "${job.id}": ${job.failed} of ${countOf(job.total, 'item')} failed`, {
    hint: `What was refused is listed by: terrace mirror quarantine. Try again with: terrace mirror retry ${job.id} --wait`,
  })
}
