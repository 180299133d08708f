import { CliError, EXIT } from '../cli-error.ts'
import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { forgetServer, readCredentials } from '../connection/credentials-file.ts'
import { withApi } from '../connection/open-api.ts'

/**
 * `terrace logout`: the token is forgotten here whatever the server says. When the server could not be told, the command fails,
 * because the token stays valid there until it ends by itself.
 */
export const logout: RunCommand<CommonOptions> = async (context) => {
  const { output, environment } = context
  const { servers } = await readCredentials(environment.configFolder)
  // Only the stored session is meant: an API key in a variable is not revoked by signing out.
  const stored = { ...context, environment: { ...environment, token: undefined } }
  await withApi(stored, async (api) => {
    if (servers[api.url] === undefined) return output.message(`You are not signed in to ${api.url}`)
    const failure = await api.call('post', '/api/v1/auth/logout', { action: 'revoke the token' }).then(nothing, (error: unknown) => error)
    await forgetServer(environment.configFolder, api.url)
    const isGone = failure === undefined || (failure instanceof CliError && failure.exitCode === EXIT.denied)
    if (!isGone) throw failure
    output.message(`Signed out from ${api.url}`)
  })
}

const nothing = (): undefined => undefined
