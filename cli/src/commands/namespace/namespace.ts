import type { BodyOf, RowOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface ListOptions extends CommonOptions {
  readonly organization?: string
  readonly limit?: string
}

interface NamespaceOptions extends CommonOptions {
  readonly organization?: string
  readonly private?: boolean
  readonly public?: boolean
}

interface DeleteOptions extends CommonOptions {
  readonly force?: boolean
}

const BASE = '/api/v1/namespaces'
const ONE = `${BASE}/{name}` as const

const COLUMNS: readonly Column<RowOf<typeof BASE>>[] = [
  { title: 'namespace', text: ({ name }) => name },
  { title: 'organisation', text: ({ organization }) => organization },
  { title: 'visibility', text: ({ visibility }) => visibility },
  { title: 'claimed by', text: ({ created_by }) => created_by },
]

/** `terrace namespace list` */
export const listNamespaces: RunCommand<ListOptions> = (context, { options }) => {
  const limit = readLimit(options.limit)
  const filter = options.organization === undefined ? {} : { organization: options.organization }
  return withApi(context, async (api) => {
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', BASE, { action: 'list namespaces', query: { ...filter, ...page } }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'There are no namespaces for you to see' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} namespaces; see all with --limit all`)
  })
}

/** `terrace namespace create NAME` */
export const createNamespace: RunCommand<NamespaceOptions> = async (context, { arguments: [name = ''], options }) => {
  const body = { name, ...changeOf(options) }
  await withApi(context, async (api) => {
    await api.call('post', BASE, { action: `create namespace "${name}"`, body })
    if (context.output.settings.form === 'json') context.output.json({ ...body, created: true })
    context.output.message(`Created namespace "${name}"; publish with: terrace module publish --to ${name}/NAME/SYSTEM`)
  })
}

/** `terrace namespace edit NAME` */
export const editNamespace: RunCommand<NamespaceOptions> = async (context, { arguments: [name = ''], options }) => {
  const body = changeOf(options)
  const action = `change namespace "${name}"`
  if (Object.keys(body).length === 0)
    throw usageError(`Cannot ${action}: nothing to change is given`, 'Use --private, --public or --organization')
  await withApi(context, async (api) => {
    await api.call('patch', ONE, { action, params: { name }, body })
    if (context.output.settings.form === 'json') context.output.json({ name, ...body, changed: true })
    context.output.message(`Changed namespace "${name}"; it counts from the next request on`)
  })
}

function changeOf({ organization, private: isPrivate, public: isPublic }: NamespaceOptions): BodyOf<'patch', typeof ONE> {
  if (isPrivate === true && isPublic === true) throw usageError('Cannot use "--private" together with "--public"')
  return {
    ...(organization !== undefined && { organization }),
    ...(isPrivate === true && { visibility: 'private' as const }),
    ...(isPublic === true && { visibility: 'public' as const }),
  }
}

/** `terrace namespace delete NAME` */
export const deleteNamespace: RunCommand<DeleteOptions> = async (context, { arguments: [name = ''], options }) => {
  if (options.force !== true) {
    await confirm(context, { warning: `nobody can ever publish under "${name}" again`, answer: name })
  }
  await withApi(context, async (api) => {
    await api.call('delete', ONE, { action: `delete namespace "${name}"`, params: { name } })
    if (context.output.settings.form === 'json') context.output.json({ name, deleted: true })
    context.output.message(`Deleted namespace "${name}"; its name stays taken`)
  })
}
