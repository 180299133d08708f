import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { type Column, showList } from '../../output/show-list.ts'

const COLUMNS: readonly Column<RowOf<'/api/v1/trust-rules'>>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'name', text: ({ name }) => name },
  { title: 'organisation', text: ({ organization }) => organization.name },
  { title: 'state', text: ({ enabled }) => (enabled ? 'enabled' : 'disabled') },
  { title: 'issuer', text: ({ issuer }) => issuer },
  { title: 'audience', text: ({ audience }) => audience },
  {
    title: 'claims',
    text: ({ claims }) =>
      Object.entries(claims)
        .map(([claim, pattern]) => `${claim}=${pattern}`)
        .join(', '),
  },
  { title: 'scopes', text: ({ scopes }) => scopes.join(', ') },
  { title: 'namespaces', text: ({ namespaces }) => namespaces?.join(', ') ?? 'all' },
  { title: 'minutes', text: ({ life_minutes }) => String(life_minutes) },
]

/** `terrace trust-rule list` */
export const listTrustRules: RunCommand<CommonOptions> = (context) =>
  withApi(context, async (api) => {
    const { rows, total } = await listRows(Number.POSITIVE_INFINITY, (page) =>
      api.call('get', '/api/v1/trust-rules', { action: 'list trust rules', query: page }),
    )
    showList(context.output, {
      rows,
      columns: COLUMNS,
      document: { items: rows, total },
      empty: 'No pipeline is trusted. Trust one with: terrace trust-rule create NAME',
    })
  })
