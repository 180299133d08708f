import type { AnswerOf, RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'
import { formatTime } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { showFacts } from '../../output/show-facts.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface ListOptions extends CommonOptions {
  readonly search?: string
  readonly limit?: string
}

interface NameOptions extends CommonOptions {
  readonly displayName?: string
}

interface DeleteOptions extends CommonOptions {
  readonly force?: boolean
}

const BASE = '/api/v1/organizations'
const ONE = `${BASE}/{name}` as const

const COLUMNS: readonly Column<RowOf<typeof BASE>>[] = [
  { title: 'name', text: ({ name }) => name },
  { title: 'display name', text: ({ display_name }) => display_name },
  { title: 'members', text: ({ members }) => String(members) },
  { title: 'namespaces', text: ({ namespaces }) => String(namespaces) },
]

/** `terrace org list` */
export const listOrganizations: RunCommand<ListOptions> = (context, { options }) => {
  const limit = readLimit(options.limit)
  const filter = options.search === undefined ? {} : { q: options.search }
  return withApi(context, async (api) => {
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', BASE, { action: 'list organisations', query: { ...filter, ...page } }),
    )
    showList(context.output, {
      rows,
      columns: COLUMNS,
      document: { items: rows, total },
      empty: 'There are no organisations for you to see',
    })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} organisations; see all with --limit all`)
  })
}

/** `terrace org show NAME` */
export const showOrganization: RunCommand<CommonOptions> = (context, { arguments: [name = ''] }) =>
  withApi(context, async (api) => {
    write(context.output, await api.call('get', ONE, { action: `show organisation "${name}"`, params: { name } }))
  })

function write(output: Output, row: AnswerOf<'get', typeof ONE>): void {
  showFacts(output, {
    facts: [
      ['name', row.name],
      ['display name', row.display_name],
      ['members', String(row.members)],
      ['namespaces', String(row.namespaces)],
      ['created', `${formatTime(row.created_at)} by ${row.created_by}`],
    ],
    document: row,
  })
}

/** `terrace org create NAME` */
export const createOrganization: RunCommand<NameOptions> = (context, { arguments: [name = ''], options }) =>
  withApi(context, async (api) => {
    const { displayName } = options
    const body = { name, ...(displayName !== undefined && { display_name: displayName }) }
    const row = await api.call('post', BASE, { action: `create organisation "${name}"`, body })
    write(context.output, row)
    context.output.message(
      `Created organisation "${row.name}"; add its first administrator with: terrace org member add ${row.name} USER --role admin`,
    )
  })

/** `terrace org edit NAME DISPLAY_NAME` */
export const editOrganization: RunCommand<CommonOptions> = (context, { arguments: [name = '', displayName = ''] }) =>
  withApi(context, async (api) => {
    const action = `change organisation "${name}"`
    await api.call('patch', ONE, { action, params: { name }, body: { display_name: displayName } })
    write(context.output, await api.call('get', ONE, { action, params: { name } }))
    context.output.message(`Changed organisation "${name}"`)
  })

/** `terrace org delete NAME` */
export const deleteOrganization: RunCommand<DeleteOptions> = async (context, { arguments: [name = ''], options }) => {
  if (options.force !== true) {
    await confirm(context, {
      warning: `organisation "${name}" goes for ever, with its roles, trust rules and keys; its users stay`,
      answer: name,
    })
  }
  await withApi(context, async (api) => {
    await api.call('delete', ONE, { action: `delete organisation "${name}"`, params: { name } })
    if (context.output.settings.form === 'json') context.output.json({ name, deleted: true })
    context.output.message(`Deleted organisation "${name}"`)
  })
}
