import type { QueryOf, RowOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface ListOptions extends CommonOptions {
  readonly search?: string
  readonly namespace?: string
  readonly system?: string
  readonly sort?: string
  readonly limit?: string
}

type Query = QueryOf<'get', '/api/v1/modules/search'>

const SORTS = ['relevance', 'name', 'downloads', 'date'] as const

type Row = RowOf<'/api/v1/modules/search'>

const COLUMNS: readonly Column<Row>[] = [
  { title: 'module', text: ({ namespace, name, provider }) => `${namespace}/${name}/${provider}` },
  { title: 'latest', text: ({ version }) => version },
  { title: 'published', text: ({ published_at }) => formatTime(published_at) },
  { title: 'downloads', text: ({ download_count }) => String(download_count) },
  { title: 'state', text: describeState },
  { title: 'description', text: ({ description }) => description },
]

/** `terrace module list`: every module with its latest version; the best match first when something is searched. */
export const listModules: RunCommand<ListOptions> = async (context, { options }) => {
  const limit = readLimit(options.limit)
  const filter = filterOf(options)
  await withApi(context, async (api) => {
    const { output } = context
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', '/api/v1/modules/search', { action: 'list modules', query: { ...filter, ...page } }),
    )
    const empty = options.search === undefined ? 'There are no modules. Publish one with: terrace module publish DIR' : 'Nothing matches'
    showList(output, { rows, columns: COLUMNS, document: { items: rows, total }, empty })
    if (rows.length < total) output.message(`${rows.length} of ${total} modules; see all with --limit all`)
  })
}

function describeState({ deprecated, deprecation_message }: Row): string {
  if (!deprecated) return 'ok'
  return deprecation_message === null || deprecation_message === '' ? 'deprecated' : `deprecated: ${deprecation_message}`
}

function filterOf({ search, namespace, system, sort }: ListOptions): Query {
  return {
    ...(search !== undefined && { q: search }),
    ...(namespace !== undefined && { namespace }),
    ...(system !== undefined && { system }),
    sort: readSort(sort ?? (search === undefined ? 'name' : 'relevance')),
  }
}

function readSort(text: string): (typeof SORTS)[number] {
  const sort = SORTS.find((one) => one === text)
  if (sort !== undefined) return sort
  throw usageError(`Cannot sort by "${text}": the orders are ${SORTS.join(', ')}`)
}
