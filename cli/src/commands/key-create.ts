import { usageError } from '../cli-error.ts'
import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { withApi } from '../connection/open-api.ts'
import { parseExpiry } from '../input/parse-expiry.ts'
import { formatTime } from '../output/format-amounts.ts'

interface CreateKeyOptions extends CommonOptions {
  readonly scope?: readonly string[]
  readonly expires?: string
}

/** `terrace key create NAME`: the key alone goes to standard output, so that it can be kept in a file. */
export const createKey: RunCommand<CreateKeyOptions> = async (context, { arguments: [name = ''], options }) => {
  const { scope: scopes = [], expires } = options
  if (scopes.length === 0) {
    throw usageError(
      `Cannot create API key "${name}": no scope is given`,
      'For example: --scope providers:write. Yours are shown by: terrace whoami',
    )
  }
  const end = expires === undefined ? {} : { expires_at: parseExpiry(expires, Date.now()) }
  await withApi(context, async (api) => {
    const key = await api.call('post', '/api/v1/apikeys', {
      action: `create API key "${name}"`,
      body: { name, scopes: [...scopes], ...end },
    })
    const { output } = context
    if (output.settings.form === 'json') output.json(key)
    else output.data(key.key)
    const life = key.expires_at === null ? 'it has no end' : `it ends on ${formatTime(key.expires_at)} UTC`
    output.message(`Created API key "${key.name}" (id ${key.id}) with ${key.scopes.join(', ')}; ${life}`)
    output.message('The key is shown only now. Keep it in a file and use it with --token-file, or as TERRACE_TOKEN')
  })
}
