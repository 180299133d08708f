import { CliError, EXIT } from '../cli-error.ts'
import type { RunCommand } from '../command-table/command-definition.ts'
import { withAnonymousApi } from '../connection/open-api.ts'
import { rememberSession } from '../connection/remember-session.ts'
import { ask } from '../input/ask.ts'
import { readPassword, readUsername, type SignInOptions } from '../input/ask-credentials.ts'
import { readSecret } from '../input/read-input.ts'
import type { CommandContext } from '../program/command-context.ts'

const ACTION = 'set up the server'

/** `terrace setup`: spends the one-time token. Nothing is asked for before it is known that the set-up is still open. */
export const setup: RunCommand<SignInOptions> = (context, { options }) =>
  withAnonymousApi(context, async (api, server) => {
    const { setup_required } = await api.call('get', '/api/v1/setup/status', { action: ACTION })
    if (!setup_required) {
      throw new CliError(`Cannot ${ACTION}: ${api.url} has an administrator already`, {
        exitCode: EXIT.conflict,
        hint: 'Run: terrace login',
      })
    }
    const token = await readSetupToken(context, options)
    const username = await readUsername(context, options)
    const password = await readPassword(context, options, true)
    const session = await api.call('post', '/api/v1/setup', { action: ACTION, body: { token, username, password } })
    context.output.message(`Made "${username}" the first administrator`)
    await rememberSession(context, { username, session, server })
    context.output.message('Load providers with: terrace mirror load FILE --wait')
  })

async function readSetupToken(context: CommandContext, { tokenFile, tokenStdin }: SignInOptions): Promise<string> {
  const given = await readSecret(context, {
    what: 'set-up token',
    file: { flag: '--token-file', value: tokenFile },
    stdin: { flag: '--token-stdin', value: tokenStdin },
  })
  return given ?? (await ask(context, { label: 'Set-up token', otherwise: 'Use --token-file or --token-stdin', hidden: true })).trim()
}
