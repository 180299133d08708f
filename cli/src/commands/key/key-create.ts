import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { parseExpiry } from '../../input/parse-expiry.ts'
import { describeEnd, showNewKey } from './describe-key.ts'

interface CreateKeyOptions extends CommonOptions {
  readonly scope?: readonly string[]
  readonly expires?: string
  readonly organization?: string
  readonly namespace?: readonly string[]
}

/** `terrace key create NAME`: the key alone goes to standard output, so that it can be kept in a file. */
export const createKey: RunCommand<CreateKeyOptions> = async (context, { arguments: [name = ''], options }) => {
  const { scope: scopes = [], expires, organization, namespace } = options
  if (scopes.length === 0) {
    throw usageError(
      `Cannot create API key "${name}": no scope is given`,
      'For example: --scope providers:write. Yours are shown by: terrace whoami',
    )
  }
  const limits = {
    ...(expires !== undefined && { expires_at: parseExpiry(expires, Date.now()) }),
    ...(organization !== undefined && { organization }),
    ...(namespace !== undefined && { namespaces: [...namespace] }),
  }
  await withApi(context, async (api) => {
    const key = await api.call('post', '/api/v1/apikeys', {
      action: `create API key "${name}"`,
      body: { name, scopes: [...scopes], ...limits },
    })
    showNewKey(context.output, key)
    context.output.message(`Created API key "${key.name}" (id ${key.id}) with ${key.scopes.join(', ')}; ${describeEnd(key)}`)
    context.output.message('The key is shown only now. Keep it in a file and use it with --token-file, or as TERRACE_TOKEN')
  })
}
