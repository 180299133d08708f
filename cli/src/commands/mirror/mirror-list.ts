import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'
import { describeProviders } from './show-mirror-facts.ts'

interface ListOptions extends CommonOptions {
  readonly limit?: string
}

const COLUMNS: readonly Column<RowOf<'/api/v1/admin/mirrors'>>[] = [
  { title: 'name', text: ({ name }) => name },
  { title: 'upstream', text: ({ upstream }) => upstream },
  { title: 'providers', text: (mirror) => describeProviders(mirror).join(',') },
  { title: 'every', text: ({ interval_hours }) => `${interval_hours} h` },
  { title: 'next run', text: ({ enabled, next_run_at }) => (enabled ? formatTime(next_run_at) : 'paused') },
  { title: 'organization', text: ({ organization }) => organization },
]

/** `terrace mirror list` */
export const listMirrors: RunCommand<ListOptions> = (context, { options }) =>
  withApi(context, async (api) => {
    const { rows, total } = await listRows(readLimit(options.limit), (page) =>
      api.call('get', '/api/v1/admin/mirrors', { action: 'list mirrors', query: page }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'There are no mirrors' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} mirrors; see all with --limit all`)
  })
