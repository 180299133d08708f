import type { RunCommand } from '../../command-table/command-definition.ts'
import { withAnonymousApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { askGitHub, type IdentityOptions, readIdentityToken } from './identity-token.ts'

interface ExchangeOptions extends IdentityOptions {
  readonly audience?: string
  readonly organization?: string
  readonly variable?: boolean
}

/** `terrace token exchange`: the key alone, or the variable with it, goes to standard output. */
export const exchangeToken: RunCommand<ExchangeOptions> = (context, { options }) =>
  withAnonymousApi(context, async (api) => {
    const { audience = api.url, organization } = options
    const token = (await readIdentityToken(context, options)) ?? (await askGitHub(context, audience))
    const body = { token, ...(organization !== undefined && { organization }) }
    const key = await api.call('post', '/api/v1/auth/token-exchange', { action: 'exchange the identity token', body })
    const { output } = context
    const variable = variableFor(api.url)
    if (output.settings.form === 'json') output.json({ ...key, variable })
    else output.data(options.variable === true ? `${variable}=${key.key}` : key.key)
    const where = key.namespaces === null ? '' : ` in ${key.namespaces.join(', ')}`
    output.message(`The key is for ${key.organization}: ${key.scopes.join(', ')}${where}; it ends on ${formatTime(key.expires_at)} UTC`)
  })

/** Source: https://developer.hashicorp.com/terraform/cli/config/config-file#environment-variable-credentials */
function variableFor(url: string): string {
  return `TF_TOKEN_${new URL(url).hostname.replaceAll('-', '__').replaceAll('.', '_')}`
}
