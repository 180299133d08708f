import type { RowOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import type { Api } from '../../connection/api.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface ListOptions extends CommonOptions {
  readonly state?: string
  readonly limit?: string
}

export type SigningKey = RowOf<'/api/v1/admin/signing-keys'>

const STATES = ['trusted', 'pending', 'rejected', 'revoked']

const COLUMNS: readonly Column<SigningKey>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'state', text: ({ state }) => state },
  { title: 'scope', text: scopeOf },
  { title: 'fingerprint', text: ({ fingerprint }) => fingerprint },
  { title: 'user id', text: ({ user_id }) => user_id },
  { title: 'source', text: ({ source }) => source },
  { title: 'since', text: ({ created_at }) => formatTime(created_at) },
  { title: 'ends', text: endOf },
]

/** What a key may sign for, as people know it. */
export function scopeOf({ hostname, namespace, type }: SigningKey): string {
  const parts = [...(hostname === '_self' ? [] : [hostname]), namespace, ...(type === null ? [] : [type])]
  return parts.join('/')
}

function endOf({ expires_at, expires_soon, retired_at }: SigningKey): string {
  if (retired_at !== null) return `retired ${formatTime(retired_at)}`
  if (expires_at === null) return 'never'
  return expires_soon ? `${formatTime(expires_at)} (soon)` : formatTime(expires_at)
}

/** Every key that the server knows. */
export async function readSigningKeys(api: Api): Promise<readonly SigningKey[]> {
  const { rows } = await listRows(Number.POSITIVE_INFINITY, (page) =>
    api.call('get', '/api/v1/admin/signing-keys', { action: 'list signing keys', query: page }),
  )
  return rows
}

/** `terrace signing-key list` */
export const listSigningKeys: RunCommand<ListOptions> = async (context, { options }) => {
  const { state } = options
  if (state !== undefined && !STATES.includes(state))
    throw usageError(`Cannot list keys in state "${state}": the states are ${STATES.join(', ')}`)
  const limit = readLimit(options.limit)
  await withApi(context, async (api) => {
    const wanted = (await readSigningKeys(api)).filter((key) => state === undefined || key.state === state)
    const rows = wanted.slice(0, limit)
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total: wanted.length }, empty: 'There are no such keys' })
    if (rows.length < wanted.length) context.output.message(`${rows.length} of ${wanted.length} keys; see all with --limit all`)
  })
}
