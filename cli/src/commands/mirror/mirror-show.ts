import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatBytes } from '../../output/format-amounts.ts'
import { showFacts } from '../../output/show-facts.ts'
import { describeMirror } from './show-mirror-facts.ts'

/** `terrace mirror show MIRROR` */
export const showMirror: RunCommand<CommonOptions> = (context, { arguments: [id = ''] }) =>
  withApi(context, async (api) => {
    const status = await api.call('get', '/api/v1/admin/mirrors/{id}/status', { action: `show mirror "${id}"`, params: { id } })
    const { mirror, state, job, versions_brought, versions_seen } = status
    const run =
      job === null ? 'none yet' : `${job.state}, ${job.completed} of ${job.total} items, ${formatBytes(job.bytes_done)}, job ${job.id}`
    showFacts(context.output, {
      facts: [
        ...describeMirror(mirror),
        ['state', state],
        ['last run', run],
        ['versions', `${versions_brought} brought of ${versions_seen} seen`],
        ...(mirror.failures > 0 ? [['failures', `${mirror.failures} runs in a row because of the upstream`] as const] : []),
      ],
      document: { ...status },
    })
  })
