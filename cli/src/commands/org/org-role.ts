import type { RowOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'
import type { Output } from '../../output/output.ts'
import { showFacts } from '../../output/show-facts.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface RoleOptions extends CommonOptions {
  readonly scope?: readonly string[]
  readonly description?: string
}

interface DeleteOptions extends CommonOptions {
  readonly force?: boolean
}

const SYSTEM = '/api/v1/role-templates'
const BASE = '/api/v1/organizations/{name}/role-templates'
const ONE = `${BASE}/{role}` as const

type Role = RowOf<typeof SYSTEM>

const COLUMNS: readonly Column<Role>[] = [
  { title: 'role', text: ({ name }) => name },
  { title: 'of', text: ({ system }) => (system ? 'Terrace' : 'the organisation') },
  { title: 'scopes', text: ({ scopes }) => scopes.join(', ') },
  { title: 'description', text: ({ description }) => description },
  { title: 'id', text: ({ id }) => id },
]

/** `terrace org role list [ORGANIZATION]`: those of the product, and the organisation's own. */
export const listRoles: RunCommand<CommonOptions> = (context, { arguments: [name] }) =>
  withApi(context, async (api) => {
    const all = Number.POSITIVE_INFINITY
    const action = 'list roles'
    const own =
      name === undefined ? { rows: [] } : await listRows(all, (page) => api.call('get', BASE, { action, params: { name }, query: page }))
    const system = await listRows(all, (page) => api.call('get', SYSTEM, { action, query: page }))
    const rows = [...own.rows, ...system.rows]
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total: rows.length }, empty: 'There are no roles' })
  })

/** `terrace org role create ORGANIZATION ROLE` */
export const createRole: RunCommand<RoleOptions> = async (context, { arguments: [organization = '', name = ''], options }) => {
  const { scope: scopes = [], description } = options
  const action = `create role "${name}"`
  if (scopes.length === 0) throw usageError(`Cannot ${action}: no scope is given`, 'For example: --scope modules:write')
  await withApi(context, async (api) => {
    const body = { name, scopes: [...scopes], ...(description !== undefined && { description }) }
    const role = await api.call('post', BASE, { action, params: { name: organization }, body })
    writeRole(context.output, role)
    context.output.message(`Created role "${role.name}"; give it with: terrace org member set ${organization} USER --role ${role.name}`)
  })
}

/** `terrace org role edit ORGANIZATION ROLE` */
export const editRole: RunCommand<RoleOptions> = async (context, { arguments: [organization = '', role = ''], options }) => {
  const { scope, description } = options
  const action = `change role "${role}"`
  if (scope === undefined && description === undefined) {
    throw usageError(`Cannot ${action}: nothing to change is given`, 'Use --scope or --description')
  }
  await withApi(context, async (api) => {
    const body = { ...(scope !== undefined && { scopes: [...scope] }), ...(description !== undefined && { description }) }
    const changed = await api.call('patch', ONE, { action, params: { name: organization, role }, body })
    writeRole(context.output, changed)
    context.output.message(`Changed role "${changed.name}"; it counts from the next request of everybody who has it`)
  })
}

/** `terrace org role delete ORGANIZATION ROLE` */
export const deleteRole: RunCommand<DeleteOptions> = async (context, { arguments: [organization = '', role = ''], options }) => {
  if (options.force !== true) await confirm(context, { warning: `role "${role}" of "${organization}" goes for ever`, answer: 'yes' })
  await withApi(context, async (api) => {
    await api.call('delete', ONE, { action: `delete role "${role}"`, params: { name: organization, role } })
    if (context.output.settings.form === 'json') context.output.json({ organization, role, deleted: true })
    context.output.message(`Deleted role "${role}"`)
  })
}

function writeRole(output: Output, role: Role): void {
  showFacts(output, {
    facts: [
      ['role', role.name],
      ['scopes', role.scopes.join(', ')],
      ['description', role.description],
      ['id', role.id],
    ],
    document: role,
  })
}
