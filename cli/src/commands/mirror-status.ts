import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { withApi } from '../connection/open-api.ts'
import { readJobOutcome, showJob } from '../jobs/show-job.ts'
import { watchJob } from '../jobs/watch-job.ts'

interface StatusOptions extends CommonOptions {
  readonly watch?: boolean
}

/** `terrace mirror status JOB` */
export const showJobStatus: RunCommand<StatusOptions> = (context, { arguments: [id = ''], options }) =>
  withApi(context, async (api) => {
    if (options.watch === true) return watchJob(api, context.output, id)
    showJob(context.output, await readJobOutcome(api, id))
  })
