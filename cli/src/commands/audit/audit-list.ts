import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { type Column, showList } from '../../output/show-list.ts'
import { type AuditFilterOptions, readAuditFilter } from './audit-filter.ts'

interface ListOptions extends AuditFilterOptions {
  readonly limit?: string
}

const COLUMNS: readonly Column<RowOf<'/api/v1/audit'>>[] = [
  { title: 'time', text: ({ at }) => at.slice(0, 19).replace('T', ' ') },
  { title: 'actor', text: ({ actor }) => actor.name },
  { title: 'action', text: ({ action }) => action },
  { title: 'outcome', text: ({ outcome }) => outcome },
  { title: 'object', text: ({ object }) => object },
  { title: 'address', text: ({ ip }) => ip ?? '' },
  { title: 'request', text: ({ request_id }) => request_id ?? '' },
]

/** `terrace audit list` */
export const listAudit: RunCommand<ListOptions> = (context, { options }) => {
  const filter = readAuditFilter(options)
  const limit = readLimit(options.limit)
  return withApi(context, async (api) => {
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', '/api/v1/audit', { action: 'list the audit', query: { ...filter, ...page } }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'There are no such records' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} records; see all with --limit all`)
  })
}
