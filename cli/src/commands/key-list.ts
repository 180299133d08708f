import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { listRows } from '../connection/list-rows.ts'
import { withApi } from '../connection/open-api.ts'
import { formatTime } from '../output/format-amounts.ts'
import { type Column, showList } from '../output/show-list.ts'

const COLUMNS: readonly Column<RowOf<'/api/v1/apikeys'>>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'name', text: ({ name }) => name },
  { title: 'begins with', text: ({ prefix }) => prefix },
  { title: 'scopes', text: ({ scopes }) => scopes.join(', ') },
  { title: 'ends', text: ({ expires_at }) => (expires_at === null ? 'never' : formatTime(expires_at)) },
]

/** `terrace key list`: the caller's own keys. */
export const listKeys: RunCommand<CommonOptions> = (context) =>
  withApi(context, async (api) => {
    const { rows, total } = await listRows(Number.POSITIVE_INFINITY, (page) =>
      api.call('get', '/api/v1/apikeys', { action: 'list API keys', query: page }),
    )
    showList(context.output, {
      rows,
      columns: COLUMNS,
      document: { items: rows, total },
      empty: 'You have no API keys. Make one with: terrace key create NAME --scope SCOPE',
    })
  })
