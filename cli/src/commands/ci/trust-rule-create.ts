import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { readClaims } from './read-claims.ts'
import { nameIssuer, readLife } from './read-rule-content.ts'

interface CreateTrustRuleOptions extends CommonOptions {
  readonly issuer?: string
  readonly audience?: string
  readonly claim?: readonly string[]
  readonly scope?: readonly string[]
  readonly namespace?: readonly string[]
  readonly organization?: string
  readonly life?: string
}

/** `terrace trust-rule create NAME` */
export const createTrustRule: RunCommand<CreateTrustRuleOptions> = async (context, { arguments: [name = ''], options }) => {
  const content = readContent(name, options)
  const { organization, audience } = options
  await withApi(context, async (api) => {
    const rule = await api.call('post', '/api/v1/trust-rules', {
      action: `create trust rule "${name}"`,
      body: { name, ...content, audience: audience ?? api.url, ...(organization !== undefined && { organization }) },
    })
    if (context.output.settings.form === 'json') context.output.json(rule)
    else context.output.data(rule.id)
    context.output.message(
      `Created trust rule "${rule.name}" of ${rule.organization.name}: keys of ${rule.life_minutes} minutes with ${rule.scopes.join(', ')}`,
    )
    context.output.message(`Tokens need the audience ${rule.audience}. Try one with: terrace trust-rule test --identity-token-file FILE`)
  })
}

function readContent(name: string, { issuer, claim = [], scope = [], namespace, life }: CreateTrustRuleOptions) {
  const missing = [
    ...(issuer === undefined ? ['--issuer'] : []),
    ...(claim.length === 0 ? ['--claim'] : []),
    ...(scope.length === 0 ? ['--scope'] : []),
  ]
  if (issuer === undefined || missing.length > 0)
    throw usageError(`Cannot create trust rule "${name}": ${missing.join(' and ')} must be given`)
  return {
    issuer: nameIssuer(issuer),
    claims: readClaims(claim),
    scopes: [...scope],
    ...(namespace !== undefined && { namespaces: [...namespace] }),
    ...(life !== undefined && { life_minutes: readLife(life) }),
  }
}
