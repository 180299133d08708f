import type { AnswerOf, RowOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import type { Api } from '../../connection/api.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { watchJob } from '../../jobs/watch-job.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { showFacts } from '../../output/show-facts.ts'
import { type Column, showList } from '../../output/show-list.ts'
import type { CommandContext } from '../../program/command-context.ts'

interface ListOptions extends CommonOptions {
  readonly step?: string
  readonly limit?: string
}

interface WaitOptions extends CommonOptions {
  readonly wait?: boolean
  readonly reason?: string
}

const BASE = '/api/v1/admin/quarantine'
const ONE = `${BASE}/{id}` as const
type Entry = RowOf<typeof BASE>

const nameOf = ({ hostname, namespace, type, version, os, arch }: Entry) => `${hostname}/${namespace}/${type} ${version} ${os}_${arch}`

const COLUMNS: readonly Column<Entry>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'since', text: ({ first_seen_at }) => formatTime(first_seen_at) },
  { title: 'package', text: nameOf },
  { title: 'step', text: ({ step }) => step },
  { title: 'tries', text: ({ attempts }) => String(attempts) },
  { title: 'reason', text: ({ message }) => message },
]

/** `terrace quarantine list` */
export const listQuarantined: RunCommand<ListOptions> = (context, { options }) => {
  const limit = readLimit(options.limit)
  const filter = options.step === undefined ? {} : { step: options.step }
  return withApi(context, async (api) => {
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', BASE, { action: 'list quarantined packages', query: { ...filter, ...page } }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'Nothing is quarantined' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} packages; see all with --limit all`)
  })
}

/** `terrace quarantine show ID` */
export const showQuarantined: RunCommand<CommonOptions> = (context, { arguments: [id = ''] }) =>
  withApi(context, async (api) => {
    const entry = await api.call('get', ONE, { action: `show quarantined package "${id}"`, params: { id } })
    showFacts(context.output, { facts: factsOf(entry), document: entry })
  })

function factsOf(entry: AnswerOf<'get', typeof ONE>): (readonly [string, string])[] {
  const time = (text: string | null) => (text === null ? '' : formatTime(text))
  const facts: (readonly [string, string])[] = [
    ['package', nameOf(entry)],
    ['failed check', entry.step],
    ['reason', entry.message],
    ...Object.entries(entry.evidence).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const),
    ['address', entry.upstream_url ?? ''],
    ['job', entry.job_id ?? ''],
    ['tries', String(entry.attempts)],
    ['first seen', time(entry.first_seen_at)],
    ['last seen', time(entry.created_at)],
    ['held back until', time(entry.held_back_until)],
    ['released', entry.release === null ? '' : `by ${entry.release.by}: ${entry.release.reason}`],
    ['next', entry.next_step],
  ]
  return facts.filter(([, text]) => text !== '')
}

/** `terrace quarantine retry ID` */
export const retryQuarantined: RunCommand<WaitOptions> = (context, { arguments: [id = ''], options }) =>
  withApi(context, async (api) => {
    const { job_id } = await api.call('post', `${ONE}/retry`, { action: `retry quarantined package "${id}"`, params: { id } })
    return followJob({ context, api }, job_id, options)
  })

/** `terrace quarantine release ID` */
export const releaseQuarantined: RunCommand<WaitOptions> = async (context, { arguments: [id = ''], options }) => {
  const action = `release quarantined package "${id}"`
  const { reason = '' } = options
  if (reason.trim() === '') throw usageError(`Cannot ${action}: no reason is given`, 'Use --reason TEXT; it stays with the package')
  await withApi(context, async (api) => {
    const { job_id } = await api.call('post', `${ONE}/release`, { action, params: { id }, body: { reason } })
    return followJob({ context, api }, job_id, options)
  })
}

/** `terrace quarantine delete ID` */
export const deleteQuarantined: RunCommand<CommonOptions> = (context, { arguments: [id = ''] }) =>
  withApi(context, async (api) => {
    await api.call('delete', ONE, { action: `delete quarantined package "${id}"`, params: { id } })
    if (context.output.settings.form === 'json') context.output.json({ id })
    context.output.message('Removed. Nothing is let in: the next run or client has it fetched and checked again')
  })

interface Call {
  readonly context: CommandContext
  readonly api: Api
}

function followJob({ context: { output }, api }: Call, jobId: string, { wait }: WaitOptions) {
  if (wait === true) return watchJob(api, output, jobId)
  if (output.settings.form === 'json') output.json({ job_id: jobId })
  else output.data(jobId)
  output.message(`It is fetched and checked again; follow the job with: terrace mirror status ${jobId} --watch`)
  return undefined
}
