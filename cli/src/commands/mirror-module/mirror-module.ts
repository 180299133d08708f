import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface ListOptions extends CommonOptions {
  readonly hostname?: string
  readonly namespace?: string
  readonly name?: string
  readonly limit?: string
}

interface DeleteOptions extends CommonOptions {
  readonly force?: boolean
}

const BASE = '/api/v1/admin/upstream-modules'
const ONE = `${BASE}/{id}` as const

const COLUMNS: readonly Column<RowOf<typeof BASE>>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'module', text: ({ hostname, namespace, name, system }) => `${hostname}/${namespace}/${name}/${system}` },
  { title: 'version', text: ({ version, damaged }) => (damaged ? `${version} (damaged)` : version) },
  { title: 'from', text: ({ source_url, subdir }) => (subdir === '' ? source_url : `${source_url}//${subdir}`) },
  { title: 'commit', text: ({ commit }) => commit ?? '' },
  { title: 'since', text: ({ created_at }) => formatTime(created_at) },
]

/** `terrace mirror module list` */
export const listMirroredModules: RunCommand<ListOptions> = (context, { options }) => {
  const { hostname, namespace, name } = options
  const filter = {
    ...(hostname !== undefined && { hostname }),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  }
  const limit = readLimit(options.limit)
  return withApi(context, async (api) => {
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', BASE, { action: 'list the modules of upstreams', query: { ...filter, ...page } }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'No module of an upstream is held' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} versions; see all with --limit all`)
  })
}

/** `terrace mirror module delete ID` */
export const deleteMirroredModule: RunCommand<DeleteOptions> = async (context, { arguments: [id = ''], options }) => {
  if (options.force !== true)
    await confirm(context, { warning: 'whoever asks next has it fetched anew, and may get other content', answer: id })
  await withApi(context, async (api) => {
    await api.call('delete', ONE, { action: `delete module "${id}"`, params: { id } })
    if (context.output.settings.form === 'json') context.output.json({ id, deleted: true })
    context.output.message(`Deleted module "${id}"`)
  })
}
