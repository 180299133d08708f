import type { RunCommand } from '../../command-table/command-definition.ts'
import { withApi } from '../../connection/open-api.ts'
import { watchJob } from '../../jobs/watch-job.ts'
import { readScope, type ScopeOptions } from './run-scope.ts'

interface SyncOptions extends ScopeOptions {
  readonly wait?: boolean
}

/** `terrace mirror sync MIRROR`: the job's id goes to standard output. */
export const syncMirror: RunCommand<SyncOptions> = (context, { arguments: [id = ''], options }) =>
  withApi(context, async (api) => {
    const { output } = context
    const call = { action: `sync mirror "${id}"`, params: { id }, body: { scope: readScope(options) } }
    const { job_id } = await api.call('post', '/api/v1/admin/mirrors/{id}/sync', call)
    output.message(`Started job ${job_id}`)
    if (options.wait === true) return watchJob(api, output, job_id)
    if (output.settings.form === 'json') output.json({ job_id })
    else output.data(job_id)
    output.message(`Follow it with: terrace mirror status ${job_id} --watch`)
  })
