import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'
import type { ListedUser } from '../../users/find-user.ts'

interface ListOptions extends CommonOptions {
  readonly search?: string
  readonly disabled?: boolean
  readonly limit?: string
}

const COLUMNS: readonly Column<ListedUser>[] = [
  { title: 'user name', text: ({ username }) => username },
  { title: 'name', text: ({ display_name }) => display_name ?? '' },
  { title: 'e-mail', text: ({ email }) => email ?? '' },
  { title: 'roles', text: ({ roles }) => roles.map(({ organization, role }) => `${organization}/${role}`).join(', ') },
  { title: 'scopes', text: ({ scopes }) => scopes.join(', ') },
  { title: 'last sign-in', text: ({ last_sign_in_at }) => formatTime(last_sign_in_at) },
  { title: 'state', text: ({ disabled }) => (disabled ? 'disabled' : 'ok') },
  { title: 'id', text: ({ id }) => id },
]

/** `terrace user list` */
export const listUsers: RunCommand<ListOptions> = (context, { options }) => {
  const limit = readLimit(options.limit)
  const filter = { ...(options.search !== undefined && { q: options.search }), ...(options.disabled === true && { disabled: true }) }
  return withApi(context, async (api) => {
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', '/api/v1/users', { action: 'list users', query: { ...filter, ...page } }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'There are no such users' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} users; see all with --limit all`)
  })
}
