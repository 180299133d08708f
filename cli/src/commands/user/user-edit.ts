import type { BodyOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'
import type { CommandContext } from '../../program/command-context.ts'
import { findUser } from '../../users/find-user.ts'
import { writeUser } from './user-show.ts'

interface EditOptions extends CommonOptions {
  readonly email?: string
  readonly displayName?: string
  readonly scope?: readonly string[]
  /** `false` by `--no-scopes`. */
  readonly scopes?: boolean
}

interface ForceOptions extends CommonOptions {
  readonly force?: boolean
}

type Change = BodyOf<'patch', '/api/v1/users/{id}'>

/** `terrace user edit USER` */
export const editUser: RunCommand<EditOptions> = async (context, { arguments: [user = ''], options }) => {
  const body = changeOf(options)
  if (Object.keys(body).length === 0)
    throw usageError(`Cannot change user "${user}": nothing to change is given`, 'Use --email, --display-name or --scope')
  await change(context, { user, action: `change user "${user}"`, body, done: 'Changed' })
}

/** An empty text takes a value away. */
function changeOf({ email, displayName, scope, scopes }: EditOptions): Change {
  if (scope !== undefined && scopes === false) throw usageError('Cannot use "--scope" together with "--no-scopes"')
  return {
    ...(email !== undefined && { email: email === '' ? null : email }),
    ...(displayName !== undefined && { display_name: displayName === '' ? null : displayName }),
    ...(scope !== undefined && { scopes: [...scope] }),
    ...(scopes === false && { scopes: [] }),
  }
}

/** `terrace user disable USER` */
export const disableUser: RunCommand<ForceOptions> = async (context, { arguments: [user = ''], options }) => {
  if (options.force !== true) await confirm(context, { warning: 'sessions and API keys of the user stop working at once', answer: 'yes' })
  await change(context, { user, action: `disable user "${user}"`, body: { disabled: true }, done: 'Disabled' })
}

/** `terrace user enable USER` */
export const enableUser: RunCommand<CommonOptions> = (context, { arguments: [user = ''] }) =>
  change(context, { user, action: `enable user "${user}"`, body: { disabled: false }, done: 'Enabled' })

interface UserChange {
  readonly user: string
  readonly action: string
  readonly body: Change
  /** Word for the message. */
  readonly done: string
}

function change(context: CommandContext, { user, action, body, done }: UserChange): Promise<void> {
  return withApi(context, async (api) => {
    const { id } = await findUser(api, { user, action })
    const changed = await api.call('patch', '/api/v1/users/{id}', { action, params: { id }, body })
    writeUser(context.output, changed)
    context.output.message(`${done} user "${changed.username}"`)
  })
}

/** `terrace user delete USER` */
export const deleteUser: RunCommand<ForceOptions> = async (context, { arguments: [user = ''], options }) => {
  const action = `delete user "${user}"`
  if (options.force !== true) {
    await confirm(context, {
      warning: `"${user}" goes for ever, with all API keys and roles; "terrace user disable" can be undone`,
      answer: user,
    })
  }
  await withApi(context, async (api) => {
    const { id, username } = await findUser(api, { user, action })
    await api.call('delete', '/api/v1/users/{id}', { action, params: { id } })
    if (context.output.settings.form === 'json') context.output.json({ id, username, deleted: true })
    context.output.message(`Deleted user "${username}"`)
  })
}
