import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { parseExpiry } from '../../input/parse-expiry.ts'
import { describeEnd } from './describe-key.ts'

interface EditKeyOptions extends CommonOptions {
  readonly name?: string
  readonly scope?: readonly string[]
  readonly expires?: string
  readonly namespace?: readonly string[]
  readonly allNamespaces?: boolean
}

/** `terrace key edit ID` */
export const editKey: RunCommand<EditKeyOptions> = async (context, { arguments: [id = ''], options }) => {
  const changes = readChanges(options)
  if (Object.keys(changes).length === 0) {
    throw usageError(`Cannot edit API key "${id}": no change is given`, 'Use --name, --scope, --expires, --namespace or --all-namespaces')
  }
  await withApi(context, async (api) => {
    const key = await api.call('put', '/api/v1/apikeys/{id}', { action: `edit API key "${id}"`, params: { id }, body: changes })
    if (context.output.settings.form === 'json') context.output.json(key)
    context.output.message(`Changed API key "${key.name}": ${key.scopes.join(', ')}; ${describeEnd(key)}`)
  })
}

function readChanges({ name, scope, expires, namespace, allNamespaces }: EditKeyOptions) {
  if (namespace !== undefined && allNamespaces === true) throw usageError('Cannot use "--namespace" together with "--all-namespaces"')
  const namespaces = allNamespaces === true ? null : namespace
  return {
    ...(name !== undefined && { name }),
    ...(scope !== undefined && { scopes: [...scope] }),
    ...(expires !== undefined && { expires_at: expires === 'never' ? null : parseExpiry(expires, Date.now()) }),
    ...(namespaces !== undefined && { namespaces: namespaces && [...namespaces] }),
  }
}
