import type { RunCommand } from '../../command-table/command-definition.ts'
import type { Api } from '../../connection/api.ts'
import { withApi } from '../../connection/open-api.ts'
import { ask } from '../../input/ask.ts'
import { readPassword, type SignInOptions } from '../../input/ask-credentials.ts'
import { readSecret } from '../../input/read-input.ts'
import { countOf } from '../../output/format-amounts.ts'
import type { CommandContext } from '../../program/command-context.ts'
import { findUser } from '../../users/find-user.ts'

interface PasswordOptions extends Omit<SignInOptions, 'username'> {
  readonly currentPasswordFile?: string
}

/** `terrace user password [USER]`: one's own without a name, which asks for the current one. */
export const setPassword: RunCommand<PasswordOptions> = async (context, { arguments: [user], options }) => {
  const current = user === undefined ? await readCurrentPassword(context, options) : undefined
  const password = await readPassword(context, options, true)
  await withApi(context, async (api) => {
    const { output } = context
    const done =
      user === undefined ? await changeOwn(api, { current: current ?? '', password }) : await changeOther(api, { user, password })
    if (output.settings.form === 'json') output.json(done)
    output.message(
      `Changed the password; ${countOf(done.sessions_revoked, 'session')} ended, ${countOf(done.api_keys_kept, 'API key')} stay valid`,
    )
    if (user === undefined) output.message('Sign in again with: terrace login')
  })
}

async function readCurrentPassword(context: CommandContext, { currentPasswordFile }: PasswordOptions): Promise<string> {
  const given = await readSecret(context, {
    what: 'current password',
    file: { flag: '--current-password-file', value: currentPasswordFile },
    stdin: { flag: '--current-password-stdin', value: undefined },
  })
  return given ?? (await ask(context, { label: 'Current password', otherwise: 'Use --current-password-file', hidden: true }))
}

function changeOwn(api: Api, { current, password }: { readonly current: string; readonly password: string }) {
  const body = { current_password: current, new_password: password }
  return api.call('put', '/api/v1/auth/password', { action: 'change your password', body })
}

async function changeOther(api: Api, { user, password }: { readonly user: string; readonly password: string }) {
  const action = `set the password of "${user}"`
  const { id } = await findUser(api, { user, action })
  return await api.call('put', '/api/v1/users/{id}/password', { action, params: { id }, body: { new_password: password } })
}
