import type { RowOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { listRows, readLimit } from '../connection/list-rows.ts'
import { withApi } from '../connection/open-api.ts'
import { formatTime } from '../output/format-amounts.ts'
import { type Column, showList } from '../output/show-list.ts'

interface QuarantineOptions extends CommonOptions {
  readonly limit?: string
}

const COLUMNS: readonly Column<RowOf<'/api/v1/admin/quarantine'>>[] = [
  { title: 'since', text: ({ created_at }) => formatTime(created_at) },
  { title: 'provider', text: ({ hostname, namespace, type }) => `${hostname}/${namespace}/${type}` },
  { title: 'version', text: ({ version }) => version },
  { title: 'platform', text: ({ os, arch }) => `${os}_${arch}` },
  { title: 'step', text: ({ step }) => step },
  { title: 'code', text: ({ code }) => code },
  { title: 'reason', text: ({ message }) => message },
]

/** `terrace mirror quarantine` */
export const listQuarantine: RunCommand<QuarantineOptions> = (context, { options }) =>
  withApi(context, async (api) => {
    const { rows, total } = await listRows(readLimit(options.limit), (page) =>
      api.call('get', '/api/v1/admin/quarantine', { action: 'list quarantined packages', query: page }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'Nothing is quarantined' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} packages; see all with --limit all`)
  })
