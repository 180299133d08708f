import { resolve } from 'node:path'
import { CliError } from '../cli-error.ts'
import { formatTime } from '../output/format-amounts.ts'
import type { CommandContext } from '../program/command-context.ts'
import type { ChosenServer } from './choose-server.ts'
import { storeServer } from './credentials-file.ts'

/** A session that the server has opened. */
export interface OpenedSession {
  readonly username: string
  /** The API leaves the token out when it keeps the session in a cookie, which is not asked for here. */
  readonly session: { readonly token?: string; readonly expires_at: string }
  readonly server: ChosenServer
}

/** Keeps the session for the next commands and says so. @throws {CliError} when it has no token. */
export async function rememberSession({ environment, io, output }: CommandContext, opened: OpenedSession): Promise<void> {
  const { username, server } = opened
  const { token, expires_at } = opened.session
  if (token === undefined) throw new CliError(`Cannot sign in to ${server.url}: it answers no token`)
  await storeServer(environment.configFolder, server.url, {
    token,
    username,
    expires_at,
    ...(server.caFile !== undefined && { ca_file: resolve(io.cwd, server.caFile) }),
  })
  if (output.settings.form === 'json') output.json({ server: server.url, username, expires_at })
  output.message(`Signed in to ${server.url} as "${username}" until ${formatTime(expires_at)} UTC`)
}
