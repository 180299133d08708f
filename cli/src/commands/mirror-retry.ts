import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { withApi } from '../connection/open-api.ts'
import { watchJob } from '../jobs/watch-job.ts'
import { countOf } from '../output/format-amounts.ts'

interface RetryOptions extends CommonOptions {
  readonly wait?: boolean
}

/** `terrace mirror retry JOB` */
export const retryJob: RunCommand<RetryOptions> = (context, { arguments: [id = ''], options }) =>
  withApi(context, async (api) => {
    const { output } = context
    const { retried } = await api.call('post', '/api/v1/admin/jobs/{id}/retry', { action: `retry job "${id}"`, params: { id } })
    output.message(`Put ${countOf(retried, 'failed item')} back into the queue`)
    if (options.wait === true) return watchJob(api, output, id)
    if (output.settings.form === 'json') output.json({ job_id: id, retried })
    output.message(`Follow the job with: terrace mirror status ${id} --watch`)
  })
