import type { RowOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { countOf, formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface ListOptions extends CommonOptions {
  readonly all?: boolean
  readonly kind?: string
  readonly limit?: string
}

interface ReadOptions extends CommonOptions {
  readonly all?: boolean
}

const BASE = '/api/v1/admin/notifications'

const COLUMNS: readonly Column<RowOf<typeof BASE>>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'since', text: ({ created_at }) => formatTime(created_at) },
  { title: 'kind', text: ({ kind }) => kind },
  { title: 'about', text: ({ subject }) => subject },
  { title: 'what', text: ({ message }) => message },
  { title: 'next', text: ({ hint }) => hint },
  { title: 'read by', text: ({ read_by }) => read_by ?? '' },
]

/** `terrace notification list` */
export const listNotifications: RunCommand<ListOptions> = (context, { options }) => {
  const limit = readLimit(options.limit)
  const filter = { ...(options.all !== true && { unread: true }), ...(options.kind !== undefined && { kind: options.kind }) }
  return withApi(context, async (api) => {
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', BASE, { action: 'list notifications', query: { ...filter, ...page } }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'There is nothing new' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} notifications; see all with --limit all`)
  })
}

/** `terrace notification read [ID]` */
export const readNotifications: RunCommand<ReadOptions> = async (context, { arguments: [id], options }) => {
  if ((id === undefined) === (options.all !== true)) {
    throw usageError('Cannot mark notifications as read: either an id or --all is needed', 'List them with: terrace notification list')
  }
  await withApi(context, async (api) => {
    const { output } = context
    if (id === undefined) {
      const answer = await api.call('post', `${BASE}/read`, { action: 'mark notifications as read' })
      if (output.settings.form === 'json') output.json(answer)
      return output.message(`Marked ${countOf(answer.read, 'notification')} as read`)
    }
    const answer = await api.call('post', `${BASE}/{id}/read`, { action: `mark notification "${id}" as read`, params: { id } })
    if (output.settings.form === 'json') output.json(answer)
    return output.message(`Read by ${answer.read_by ?? 'nobody'}`)
  })
}
