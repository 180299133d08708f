import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface VersionsOptions extends CommonOptions {
  readonly provider?: string
  readonly brought?: boolean
  readonly limit?: string
}

const COLUMNS: readonly Column<RowOf<'/api/v1/admin/mirrors/{id}/versions'>>[] = [
  { title: 'provider', text: ({ provider }) => provider },
  { title: 'version', text: ({ version }) => version },
  { title: 'seen', text: ({ first_seen_at }) => formatTime(first_seen_at) },
  { title: 'published', text: ({ published_at }) => formatTime(published_at) },
  { title: 'run', text: ({ run, brought }) => (brought ? String(run ?? '?') : 'left') },
  { title: 'state', text: ({ state }) => state },
  { title: 'packages', text: ({ packages }) => String(packages) },
  { title: 'signed by', text: ({ signed_by }) => signed_by ?? '' },
]

/** `terrace mirror versions MIRROR` */
export const listVersions: RunCommand<VersionsOptions> = (context, { arguments: [id = ''], options }) =>
  withApi(context, async (api) => {
    const { provider, brought } = options
    const { rows, total } = await listRows(readLimit(options.limit), (page) =>
      api.call('get', '/api/v1/admin/mirrors/{id}/versions', {
        action: `list the versions of mirror "${id}"`,
        params: { id },
        query: { ...page, ...(provider !== undefined && { provider }), ...(brought === true && { brought }) },
      }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'It has seen none yet' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} versions; see all with --limit all`)
  })
