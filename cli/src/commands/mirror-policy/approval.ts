import type { RowOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'
import type { CommandContext } from '../../program/command-context.ts'

interface ListOptions extends CommonOptions {
  readonly state?: string
  readonly limit?: string
}

interface ReasonOptions extends CommonOptions {
  readonly reason?: string
}

const BASE = '/api/v1/admin/mirror-approvals'
type Approval = RowOf<typeof BASE>

const COLUMNS: readonly Column<Approval>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'since', text: ({ created_at }) => formatTime(created_at) },
  { title: 'kind', text: ({ kind }) => kind },
  { title: 'provider', text: ({ address }) => address },
  { title: 'version', text: ({ version }) => version ?? 'all' },
  { title: 'state', text: ({ state }) => state },
  { title: 'approvals', text: ({ approvals, needed }) => `${approvals} of ${needed}` },
  { title: 'asked by', text: ({ requested_by }) => requested_by },
  { title: 'reason', text: ({ reason }) => reason },
]

/** `terrace mirror approval list` */
export const listApprovals: RunCommand<ListOptions> = (context, { options }) => {
  const limit = readLimit(options.limit)
  const filter = options.state === undefined ? {} : { state: options.state }
  return withApi(context, async (api) => {
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', BASE, { action: 'list approval requests', query: { ...filter, ...page } }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'Nobody has asked for anything' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} requests; see all with --limit all`)
  })
}

/** `terrace mirror approval request ADDRESS [VERSION]` */
export const requestApproval: RunCommand<ReasonOptions> = async (context, { arguments: [address = '', version], options }) => {
  const reason = requireReason(options, `ask for "${address}"`)
  await withApi(context, async (api) => {
    const body = { address, reason, ...(version !== undefined && { version }) }
    showResult(context, await api.call('post', BASE, { action: `ask for "${address}"`, body }))
  })
}

/** `terrace mirror approval override ADDRESS VERSION` */
export const overrideCoolDown: RunCommand<ReasonOptions> = async (context, { arguments: [address = '', version = ''], options }) => {
  const action = `let in "${address} ${version}"`
  const reason = requireReason(options, action)
  await withApi(context, async (api) => {
    showResult(context, await api.call('post', `${BASE}/override`, { action, body: { address, version, reason } }))
  })
}

/** `terrace mirror approval approve REQUEST` */
export const approveRequest: RunCommand<ReasonOptions> = (context, { arguments: [id = ''], options: { reason } }) =>
  withApi(context, async (api) => {
    const body = reason === undefined ? {} : { reason }
    showResult(context, await api.call('post', `${BASE}/{id}/approve`, { action: `approve request "${id}"`, params: { id }, body }))
  })

/** `terrace mirror approval reject REQUEST` */
export const rejectRequest: RunCommand<ReasonOptions> = (context, { arguments: [id = ''], options: { reason } }) =>
  withApi(context, async (api) => {
    const body = reason === undefined ? {} : { reason }
    showResult(context, await api.call('post', `${BASE}/{id}/reject`, { action: `reject request "${id}"`, params: { id }, body }))
  })

function requireReason({ reason }: ReasonOptions, action: string): string {
  if (reason !== undefined && reason.trim() !== '') return reason
  throw usageError(`Cannot ${action}: no reason is given`, 'Use --reason TEXT; whoever decides reads it')
}

function showResult({ output }: CommandContext, request: Approval): void {
  const { id, address, version, state, approvals, needed } = request
  if (output.settings.form === 'json') output.json(request)
  else output.data(id)
  const name = version === null ? address : `${address} ${version}`
  const waits = state === 'pending' ? ` (${approvals} of ${needed} approvals)` : ''
  output.message(`"${name}" is ${state}${waits}`)
  if (state === 'approved') output.message('Load what it had stopped with: terrace mirror retry JOB --wait')
}
