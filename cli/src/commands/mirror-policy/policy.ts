import type { BodyOf, RowOf } from '@terrace/api-client/operations.ts'
import { CliError, EXIT, usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import type { Api } from '../../connection/api.ts'
import { listRows } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface ContentOptions extends CommonOptions {
  readonly priority?: string
  readonly effect?: string
  readonly upstream?: string
  readonly namespace?: string
  readonly type?: string
  readonly versionConstraint?: string
  readonly organization?: string
  readonly reason?: string
}

interface CreateOptions extends ContentOptions {
  readonly disabled?: boolean
}

interface EditOptions extends ContentOptions {
  readonly name?: string
  readonly enable?: boolean
  readonly disable?: boolean
}

interface DeleteOptions extends CommonOptions {
  readonly force?: boolean
}

const BASE = '/api/v1/admin/mirror-policies'
const ONE = `${BASE}/{id}` as const
type Policy = RowOf<typeof BASE>
type Change = BodyOf<'patch', typeof ONE>

const EFFECTS = ['allow', 'deny', 'require_approval'] as const

const COLUMNS: readonly Column<Policy>[] = [
  { title: 'priority', text: ({ priority }) => String(priority) },
  { title: 'name', text: ({ name }) => name },
  { title: 'effect', text: ({ effect, enabled }) => (enabled ? effect : `${effect} (disabled)`) },
  { title: 'providers', text: ({ upstream, namespace, type }) => `${upstream}/${namespace}/${type}` },
  { title: 'versions', text: ({ version }) => version ?? 'all' },
  { title: 'organisation', text: ({ organization }) => organization ?? 'all' },
  { title: 'reason', text: ({ reason }) => reason },
]

/** `terrace mirror policy list` */
export const listPolicies: RunCommand<CommonOptions> = (context) =>
  withApi(context, async (api) => {
    const rows = await readPolicies(api)
    showList(context.output, {
      rows,
      columns: COLUMNS,
      document: { items: rows, total: rows.length },
      empty: 'There are no mirror policies, so nothing is let in',
    })
  })

/** `terrace mirror policy create NAME` */
export const createPolicy: RunCommand<CreateOptions> = async (context, { arguments: [name = ''], options }) => {
  const { priority, effect, ...content } = contentOf(options)
  if (priority === undefined || effect === undefined) {
    throw usageError(`Cannot create mirror policy "${name}": --priority and --effect must be given`)
  }
  const body = { name, priority, effect, ...content, ...(options.disabled === true && { enabled: false }) }
  await withApi(context, async (api) => {
    const policy = await api.call('post', BASE, { action: `create mirror policy "${name}"`, body })
    if (context.output.settings.form === 'json') context.output.json(policy)
    else context.output.data(policy.id)
    context.output.message(`Created mirror policy "${name}"; see what it does with: terrace mirror policy test ADDRESS VERSION`)
  })
}

/** `terrace mirror policy edit POLICY` */
export const editPolicy: RunCommand<EditOptions> = async (context, { arguments: [text = ''], options }) => {
  const action = `change mirror policy "${text}"`
  const { name, enable, disable } = options
  if (enable === true && disable === true) throw usageError('Cannot use "--enable" together with "--disable"')
  const body: Change = {
    ...contentOf(options),
    ...(name !== undefined && { name }),
    ...((enable === true || disable === true) && { enabled: enable === true }),
  }
  if (Object.keys(body).length === 0) throw usageError(`Cannot ${action}: nothing to change is given`)
  await withApi(context, async (api) => {
    const { id } = await findPolicy(api, text)
    const policy = await api.call('patch', ONE, { action, params: { id }, body })
    if (context.output.settings.form === 'json') context.output.json(policy)
    context.output.message(`Changed mirror policy "${policy.name}"; it counts from the next question on`)
  })
}

/** `terrace mirror policy delete POLICY` */
export const deletePolicy: RunCommand<DeleteOptions> = async (context, { arguments: [text = ''], options }) => {
  if (options.force !== true) await confirm(context, { warning: 'what no other policy allows is denied from then on', answer: text })
  await withApi(context, async (api) => {
    const { id, name } = await findPolicy(api, text)
    await api.call('delete', ONE, { action: `delete mirror policy "${text}"`, params: { id } })
    if (context.output.settings.form === 'json') context.output.json({ id, deleted: true })
    context.output.message(`Deleted mirror policy "${name}"`)
  })
}

async function readPolicies(api: Api): Promise<readonly Policy[]> {
  const { rows } = await listRows(Number.POSITIVE_INFINITY, (page) =>
    api.call('get', BASE, { action: 'list mirror policies', query: page }),
  )
  return rows
}

async function findPolicy(api: Api, text: string): Promise<Policy> {
  const found = (await readPolicies(api)).find(({ id, name }) => id === text || name === text)
  if (found !== undefined) return found
  throw new CliError(`Cannot find mirror policy "${text}": there is none with this name or id`, {
    exitCode: EXIT.notFound,
    hint: 'Run: terrace mirror policy list',
  })
}

function contentOf({ priority, effect, upstream, namespace, type, versionConstraint, organization, reason }: ContentOptions): Change {
  const patterns = Object.entries({ upstream, namespace, type, reason }).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(patterns),
    ...(priority !== undefined && { priority: readPriority(priority) }),
    ...(effect !== undefined && { effect: readEffect(effect) }),
    ...(versionConstraint !== undefined && { version: versionConstraint === 'any' ? null : versionConstraint }),
    ...(organization !== undefined && { organization: organization === 'any' ? null : organization }),
  }
}

function readPriority(text: string): number {
  if (/^-?\d{1,7}$/.test(text)) return Number(text)
  throw usageError(`Cannot use priority "${text}": it is not a whole number`, 'The policy with the highest priority is looked at first')
}

function readEffect(text: string): (typeof EFFECTS)[number] {
  const effect = EFFECTS.find((known) => known === text)
  if (effect !== undefined) return effect
  throw usageError(`Cannot use effect "${text}": it is not known`, `Use one of ${EFFECTS.join(', ')}`)
}
