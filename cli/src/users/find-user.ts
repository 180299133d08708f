import type { RowOf } from '@terrace/api-client/operations.ts'
import { CliError, EXIT } from '../cli-error.ts'
import type { Api } from '../connection/api.ts'
import { listRows } from '../connection/list-rows.ts'

/** A user as the server lists them. */
export type ListedUser = RowOf<'/api/v1/users'>
/** A member as the server lists them. */
export type ListedMember = RowOf<'/api/v1/organizations/{name}/members'>

/** What somebody named, and what for. */
interface Named {
  /** User name in any case, or id. */
  readonly user: string
  /** As in `Cannot <action>`. */
  readonly action: string
}

/** The user of a name or an id. @throws {CliError} exit code 3. */
export async function findUser(api: Api, { user, action }: Named): Promise<ListedUser> {
  if (isId(user)) return await api.call('get', '/api/v1/users/{id}', { action, params: { id: user } })
  const { rows } = await listRows(Number.POSITIVE_INFINITY, (page) =>
    api.call('get', '/api/v1/users', { action, query: { q: user, ...page } }),
  )
  const found = rows.find(({ username }) => username === user.toLowerCase())
  if (found !== undefined) return found
  throw new CliError(`Cannot ${action}: there is no such user`, { exitCode: EXIT.notFound, hint: 'Run: terrace user list' })
}

/** Id of the member with a user name or an id. @throws {CliError} exit code 3. */
export async function findMemberId(api: Api, { organization, user, action }: Named & { readonly organization: string }): Promise<string> {
  if (isId(user)) return user
  const { rows } = await listRows(Number.POSITIVE_INFINITY, (page) =>
    api.call('get', '/api/v1/organizations/{name}/members', { action, params: { name: organization }, query: { q: user, ...page } }),
  )
  const found = rows.find(({ username }) => username === user.toLowerCase())
  if (found !== undefined) return found.user_id
  throw new CliError(`Cannot ${action}: there is no such member`, {
    exitCode: EXIT.notFound,
    hint: `Run: terrace org member list ${organization}`,
  })
}

const isId = (text: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
