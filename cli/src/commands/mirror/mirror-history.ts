import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatBytes, formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'
import { tellLeftOut } from './tell-left-out.ts'

interface HistoryOptions extends CommonOptions {
  readonly limit?: string
}

const COLUMNS: readonly Column<RowOf<'/api/v1/admin/mirrors/{id}/history'>>[] = [
  { title: 'run', text: ({ run }) => String(run) },
  { title: 'state', text: ({ state }) => state },
  { title: 'started', text: ({ started_at }) => formatTime(started_at) },
  { title: 'by', text: ({ started_by }) => started_by },
  { title: 'packages', text: ({ fetched, packages }) => `${fetched}/${packages}` },
  { title: 'failed', text: ({ failed }) => String(failed) },
  { title: 'bytes', text: ({ bytes }) => formatBytes(bytes) },
  { title: 'errors', text: ({ errors }) => errors.map(({ code, count }) => `${code} × ${count}`).join(', ') },
  { title: 'left out', text: ({ left_out }) => left_out.map(({ reason, versions }) => `${reason} × ${versions}`).join(', ') },
  { title: 'job', text: ({ job_id }) => job_id },
]

/** `terrace mirror history MIRROR`; what the newest run left out is told with names. */
export const listRuns: RunCommand<HistoryOptions> = (context, { arguments: [id = ''], options }) =>
  withApi(context, async (api) => {
    const { rows, total } = await listRows(readLimit(options.limit), (page) =>
      api.call('get', '/api/v1/admin/mirrors/{id}/history', { action: `list the runs of mirror "${id}"`, params: { id }, query: page }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'It has not run yet' })
    const [newest] = rows
    if (newest !== undefined) tellLeftOut(context.output, newest.left_out)
    if (rows.length < total) context.output.message(`${rows.length} of ${total} runs; see all with --limit all`)
  })
