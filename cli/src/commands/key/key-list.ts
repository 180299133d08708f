import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'

const COLUMNS: readonly Column<RowOf<'/api/v1/apikeys'>>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'name', text: ({ name }) => name },
  { title: 'begins with', text: ({ prefix }) => prefix },
  { title: 'scopes', text: ({ scopes }) => scopes.join(', ') },
  { title: 'state', text: ({ state }) => state },
  { title: 'ends', text: ({ expires_at }) => (expires_at === null ? 'never' : formatTime(expires_at)) },
  { title: 'last used', text: ({ last_used_at }) => (last_used_at === null ? 'never' : formatTime(last_used_at)) },
  { title: 'organisation', text: ({ organization }) => organization?.name ?? 'all' },
  { title: 'namespaces', text: ({ namespaces }) => namespaces?.join(', ') ?? 'all' },
  { title: 'owner', text: ({ owner, kind }) => owner?.username ?? kind },
]

interface ListKeysOptions extends CommonOptions {
  readonly all?: boolean
}

/** `terrace key list`: the caller's own keys, or those of everybody. */
export const listKeys: RunCommand<ListKeysOptions> = (context, { options }) =>
  withApi(context, async (api) => {
    const { rows, total } = await listRows(Number.POSITIVE_INFINITY, (page) =>
      api.call('get', '/api/v1/apikeys', { action: 'list API keys', query: { ...page, ...(options.all === true && { all: true }) } }),
    )
    showList(context.output, {
      rows,
      columns: COLUMNS,
      document: { items: rows, total },
      empty: 'You have no API keys. Make one with: terrace key create NAME --scope SCOPE',
    })
  })
