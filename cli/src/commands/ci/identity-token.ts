import { CliError, usageError } from '../../cli-error.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { openConnection } from '../../connection/http-connection.ts'
import { timeoutMsOf } from '../../connection/open-api.ts'
import { readSecret } from '../../input/read-input.ts'
import type { CommandContext } from '../../program/command-context.ts'

/** Flags of the commands that take an identity token. */
export interface IdentityOptions extends CommonOptions {
  readonly identityTokenFile?: string
  readonly identityTokenStdin?: boolean
}

/** The token that a flag names; `undefined` when none does. */
export function readIdentityToken(
  context: CommandContext,
  { identityTokenFile, identityTokenStdin }: IdentityOptions,
): Promise<string | undefined> {
  return readSecret(context, {
    what: 'identity token',
    file: { flag: '--identity-token-file', value: identityTokenFile },
    stdin: { flag: '--identity-token-stdin', value: identityTokenStdin },
  })
}

/**
 * A new token of the job on GitHub that the command runs in.
 * Source: https://docs.github.com/actions/reference/security/oidc
 *
 * @throws {CliError} exit code 2 outside of such a job.
 */
export async function askGitHub(context: CommandContext, audience: string): Promise<string> {
  const { gitHubIdentity, proxy } = context.environment
  if (gitHubIdentity === undefined) {
    throw usageError(
      'Cannot exchange an identity token: none is given, and this is no job on GitHub that may have one',
      'Use --identity-token-file or --identity-token-stdin; on GitHub give the job the permission "id-token: write"',
    )
  }
  const url = new URL(gitHubIdentity.url)
  url.searchParams.set('audience', audience)
  const connection = openConnection({ url: url.origin, caFile: undefined }, proxy)
  try {
    const { status, body } = await connection.send({
      method: 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { accept: 'application/json', authorization: `Bearer ${gitHubIdentity.token}`, 'user-agent': 'terrace-cli' },
      timeoutMs: timeoutMsOf(context.options.timeout),
      action: 'ask GitHub for an identity token',
    })
    const value = status === 200 ? readValue(body) : undefined
    if (value !== undefined) return value
    throw new CliError(`Cannot ask GitHub for an identity token: it answered ${status}`, {
      hint: 'Check the permission "id-token: write" of the job',
    })
  } finally {
    connection.close()
  }
}

function readValue(body: Buffer): string | undefined {
  try {
    const { value } = JSON.parse(body.toString('utf8')) as { value?: unknown }
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
