import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { listRows, readLimit } from '../connection/list-rows.ts'
import { withApi } from '../connection/open-api.ts'
import { formatBytes, formatTime } from '../output/format-amounts.ts'
import { type Column, showList } from '../output/show-list.ts'

interface JobsOptions extends CommonOptions {
  readonly state?: string
  readonly limit?: string
}

const COLUMNS: readonly Column<RowOf<'/api/v1/admin/jobs'>>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'state', text: ({ state }) => state },
  { title: 'items', text: ({ completed, total }) => `${completed}/${total}` },
  { title: 'failed', text: ({ failed }) => String(failed) },
  { title: 'bytes', text: ({ bytes_done }) => formatBytes(bytes_done) },
  { title: 'created', text: ({ created_at }) => formatTime(created_at) },
  { title: 'title', text: ({ title }) => title },
]

/** `terrace mirror jobs` */
export const listJobs: RunCommand<JobsOptions> = (context, { options }) =>
  withApi(context, async (api) => {
    const { state } = options
    const { rows, total } = await listRows(readLimit(options.limit), (page) =>
      api.call('get', '/api/v1/admin/jobs', { action: 'list jobs', query: { ...page, ...(state !== undefined && { state }) } }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'There are no jobs' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} jobs; see all with --limit all`)
  })
