import { usageError } from '../cli-error.ts'
import type { RunCommand } from '../command-table/command-definition.ts'
import { readServerUrl } from '../connection/choose-server.ts'
import { withAnonymousApi } from '../connection/open-api.ts'
import { rememberSession } from '../connection/remember-session.ts'
import { readPassword, readUsername, type SignInOptions } from '../input/ask-credentials.ts'
import type { CommandContext } from '../program/command-context.ts'

/** `terrace login [URL]`: opens a session and keeps its token. */
export const login: RunCommand<SignInOptions> = (context, { arguments: [url], options }) =>
  withAnonymousApi(withServerArgument(context, url), async (api, server) => {
    const username = await readUsername(context, options)
    const password = await readPassword(context, options, false)
    const session = await api.call('post', '/api/v1/auth/login', { action: `sign in to ${api.url}`, body: { username, password } })
    await rememberSession(context, { username, session, server })
    context.output.message('See what you may do with: terrace whoami')
  })

function withServerArgument(context: CommandContext, url: string | undefined): CommandContext {
  const { server } = context.options
  if (url === undefined) return context
  if (server === undefined || readServerUrl(server) === readServerUrl(url))
    return { ...context, options: { ...context.options, server: url } }
  throw usageError(`Cannot sign in to "${url}": --server names another one`, 'Give one of them')
}
