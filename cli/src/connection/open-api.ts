import { usageError } from '../cli-error.ts'
import { readSecret } from '../input/read-input.ts'
import type { CommandContext } from '../program/command-context.ts'
import { Api, type Credential } from './api.ts'
import { type ChosenServer, chooseServer, isLoopback } from './choose-server.ts'
import { readCredentials, type StoredCredentials } from './credentials-file.ts'
import { openConnection } from './http-connection.ts'

const DEFAULT_TIMEOUT_SECONDS = 30
const MAX_TIMEOUT_SECONDS = 86_400

/** What a command does with the server. */
export type ApiWork<Result> = (api: Api, server: ChosenServer) => Promise<Result>

/** Runs the work with the caller's credential; the connection is closed afterwards. */
export function withApi<Result>(context: CommandContext, work: ApiWork<Result>): Promise<Result> {
  return withServer(context, credentialOf, work)
}

/** The same without any credential, for signing in. */
export function withAnonymousApi<Result>(context: CommandContext, work: ApiWork<Result>): Promise<Result> {
  return withServer(context, async () => undefined, work)
}

type FindCredential = (context: CommandContext, stored: StoredCredentials, url: string) => Promise<Credential | undefined>

async function withServer<Result>(context: CommandContext, findCredential: FindCredential, work: ApiWork<Result>): Promise<Result> {
  const { options, environment, io, output } = context
  const stored = await readCredentials(environment.configFolder)
  const server = chooseServer({ options, environment, stored, cwd: io.cwd })
  const credential = await findCredential(context, stored, server.url)
  const url = new URL(server.url)
  if (credential !== undefined && url.protocol === 'http:' && !isLoopback(url)) {
    output.warning(`the credential goes to ${server.url} without encryption`)
  }
  const connection = openConnection(server, environment.proxy)
  try {
    return await work(new Api({ connection, output, credential, timeoutMs: timeoutMsOf(options.timeout) }), server)
  } finally {
    connection.close()
  }
}

/** In this order: flag, `TERRACE_TOKEN`, the token that `terrace login` has stored for this very server. */
const credentialOf: FindCredential = async (context, stored, url) => {
  const { tokenFile, tokenStdin } = context.options
  const given = await readSecret(context, {
    what: 'API key',
    file: { flag: '--token-file', value: tokenFile },
    stdin: { flag: '--token-stdin', value: tokenStdin },
  })
  if (given !== undefined) return { token: given, hintWhenRefused: 'Check the API key; "terrace key list" shows which ones are valid' }
  const { token } = context.environment
  if (token !== undefined) return { token, hintWhenRefused: 'Check the API key in TERRACE_TOKEN' }
  const session = stored.servers[url]
  return session && { token: session.token, hintWhenRefused: `The session has ended. Run: terrace login ${url}` }
}

/** @throws {CliError} exit code 2 when it is no number of seconds. */
export function timeoutMsOf(text: string | undefined): number {
  const seconds = text === undefined ? DEFAULT_TIMEOUT_SECONDS : Number(text)
  if (seconds > 0 && seconds <= MAX_TIMEOUT_SECONDS) return seconds * 1000
  throw usageError(`Cannot use timeout "${text}": it is no number of seconds from 1 to ${MAX_TIMEOUT_SECONDS}`)
}
