import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { listRows, readLimit } from '../../connection/list-rows.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'
import { showFacts } from '../../output/show-facts.ts'
import { type Column, showList } from '../../output/show-list.ts'
import type { CommandContext } from '../../program/command-context.ts'
import { findMemberId, type ListedMember } from '../../users/find-user.ts'
import { type NewPasswordOptions, readNewPassword } from '../user/user-create.ts'

interface ListOptions extends CommonOptions {
  readonly search?: string
  readonly limit?: string
}

interface RoleOptions extends CommonOptions {
  readonly role?: string
}

interface AddOptions extends NewPasswordOptions, RoleOptions {
  readonly new?: boolean
  readonly email?: string
  readonly displayName?: string
}

interface RemoveOptions extends CommonOptions {
  readonly force?: boolean
}

const BASE = '/api/v1/organizations/{name}/members'
const ONE = `${BASE}/{user_id}` as const

const COLUMNS: readonly Column<ListedMember>[] = [
  { title: 'user name', text: ({ username }) => username },
  { title: 'name', text: ({ display_name }) => display_name ?? '' },
  { title: 'role', text: ({ role }) => role.name },
  { title: 'given by', text: ({ granted_by }) => granted_by ?? 'hand' },
  { title: 'state', text: ({ disabled }) => (disabled ? 'disabled' : 'ok') },
  { title: 'user id', text: ({ user_id }) => user_id },
]

/** `terrace org member list ORGANIZATION` */
export const listMembers: RunCommand<ListOptions> = (context, { arguments: [name = ''], options }) => {
  const limit = readLimit(options.limit)
  const filter = options.search === undefined ? {} : { q: options.search }
  return withApi(context, async (api) => {
    const { rows, total } = await listRows(limit, (page) =>
      api.call('get', BASE, { action: `list the members of "${name}"`, params: { name }, query: { ...filter, ...page } }),
    )
    showList(context.output, { rows, columns: COLUMNS, document: { items: rows, total }, empty: 'There are no such members' })
    if (rows.length < total) context.output.message(`${rows.length} of ${total} members; see all with --limit all`)
  })
}

/** `terrace org member add ORGANIZATION USER` */
export const addMember: RunCommand<AddOptions> = async (context, { arguments: [name = '', user = ''], options }) => {
  const action = `add "${user}" to organisation "${name}"`
  const role = requireRole(options, action)
  const body = options.new === true ? { ...(await newUser(context, user, options)), role } : { user, role }
  if (options.new !== true && hasNewUserFlags(options)) {
    throw usageError(`Cannot ${action}: a name, address or password is only for a new user`, 'Use --new to make one')
  }
  await withApi(context, async (api) => {
    const member = await api.call('post', BASE, { action, params: { name }, body })
    writeMember(context, member)
    context.output.message(`"${member.username}" is a member of "${name}" with role "${member.role.name}"`)
  })
}

function hasNewUserFlags({ email, displayName, askPassword, passwordFile, passwordStdin }: AddOptions): boolean {
  return [email, displayName, askPassword, passwordFile, passwordStdin].some((value) => value !== undefined)
}

async function newUser(context: CommandContext, username: string, options: AddOptions) {
  const { email, displayName } = options
  const password = await readNewPassword(context, options)
  return {
    username,
    ...(email !== undefined && { email }),
    ...(displayName !== undefined && { display_name: displayName }),
    ...(password !== undefined && { password }),
  }
}

/** `terrace org member set ORGANIZATION USER` */
export const setMember: RunCommand<RoleOptions> = async (context, { arguments: [organization = '', user = ''], options }) => {
  const action = `change the role of "${user}" in organisation "${organization}"`
  const role = requireRole(options, action)
  await withApi(context, async (api) => {
    const userId = await findMemberId(api, { organization, user, action })
    const member = await api.call('put', ONE, { action, params: { name: organization, user_id: userId }, body: { role } })
    writeMember(context, member)
    context.output.message(`"${member.username}" has role "${member.role.name}" in "${organization}" from the next request on`)
  })
}

/** `terrace org member remove ORGANIZATION USER` */
export const removeMember: RunCommand<RemoveOptions> = async (context, { arguments: [organization = '', user = ''], options }) => {
  const action = `remove "${user}" from organisation "${organization}"`
  if (options.force !== true) await confirm(context, { warning: `"${user}" loses the role in "${organization}" at once`, answer: 'yes' })
  await withApi(context, async (api) => {
    const userId = await findMemberId(api, { organization, user, action })
    await api.call('delete', ONE, { action, params: { name: organization, user_id: userId } })
    if (context.output.settings.form === 'json') context.output.json({ organization, user_id: userId, removed: true })
    context.output.message(`Removed "${user}" from organisation "${organization}"`)
  })
}

function requireRole({ role }: RoleOptions, action: string): string {
  if (role !== undefined) return role
  throw usageError(
    `Cannot ${action}: no role is given`,
    'For example: --role publisher. Roles are shown by: terrace org role list ORGANIZATION',
  )
}

function writeMember({ output }: CommandContext, member: ListedMember): void {
  const { username, role, user_id } = member
  showFacts(output, {
    facts: [
      ['user name', username],
      ['role', role.name],
      ['scopes', role.scopes.join(', ')],
      ['user id', user_id],
    ],
    document: member,
  })
}
