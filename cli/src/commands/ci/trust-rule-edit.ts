import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { readClaims } from './read-claims.ts'
import { nameIssuer, readLife } from './read-rule-content.ts'

interface EditTrustRuleOptions extends CommonOptions {
  readonly name?: string
  readonly issuer?: string
  readonly audience?: string
  readonly claim?: readonly string[]
  readonly scope?: readonly string[]
  readonly namespace?: readonly string[]
  readonly allNamespaces?: boolean
  readonly life?: string
  readonly enable?: boolean
  readonly disable?: boolean
}

/** `terrace trust-rule edit ID` */
export const editTrustRule: RunCommand<EditTrustRuleOptions> = async (context, { arguments: [id = ''], options }) => {
  const changes = { ...readTexts(options), ...readLists(options), ...readSwitch(options) }
  if (Object.keys(changes).length === 0) {
    throw usageError(`Cannot edit trust rule "${id}": no change is given`, 'See: terrace trust-rule edit --help')
  }
  await withApi(context, async (api) => {
    const rule = await api.call('patch', '/api/v1/trust-rules/{id}', { action: `edit trust rule "${id}"`, params: { id }, body: changes })
    if (context.output.settings.form === 'json') context.output.json(rule)
    context.output.message(
      `Changed trust rule "${rule.name}", which is ${rule.enabled ? 'enabled' : 'disabled'}; keys that came from it have ended`,
    )
  })
}

function readTexts({ name, issuer, audience, life }: EditTrustRuleOptions) {
  return {
    ...(name !== undefined && { name }),
    ...(issuer !== undefined && { issuer: nameIssuer(issuer) }),
    ...(audience !== undefined && { audience }),
    ...(life !== undefined && { life_minutes: readLife(life) }),
  }
}

function readLists({ claim, scope, namespace, allNamespaces }: EditTrustRuleOptions) {
  if (namespace !== undefined && allNamespaces === true) throw usageError('Cannot use "--namespace" together with "--all-namespaces"')
  const namespaces = allNamespaces === true ? null : namespace
  return {
    ...(claim !== undefined && { claims: readClaims(claim) }),
    ...(scope !== undefined && { scopes: [...scope] }),
    ...(namespaces !== undefined && { namespaces: namespaces && [...namespaces] }),
  }
}

function readSwitch({ enable, disable }: EditTrustRuleOptions) {
  if (enable === true && disable === true) throw usageError('Cannot use "--enable" together with "--disable"')
  return enable === true || disable === true ? { enabled: enable === true } : {}
}
