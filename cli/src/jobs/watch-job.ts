import { CliError } from '../cli-error.ts'
import type { Api } from '../connection/api.ts'
import { countOf, formatBytes } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { followJob, patiently } from './follow-job.ts'
import { JobProgress } from './job-progress.ts'
import { describeFailure, type JobOutcome, readJobOutcome, showJob } from './show-job.ts'

/**
 * Stays until the job has ended and tells its outcome: failures one by one, then the sums.
 * @throws {CliError} exit code 1 when items failed, 6 when the server was away for longer than a restart takes.
 */
export async function watchJob(api: Api, output: Output, id: string): Promise<void> {
  const progress = new ProgressLine(output)
  const amounts = new JobProgress()
  try {
    await followJob(api, { id, output, show: (now, job) => progress.show(now, amounts.view(now, job)) })
  } finally {
    progress.end()
  }
  tellOutcome(output, await patiently(output, performance.now(), () => readJobOutcome(api, id)))
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
