import { CliError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'

interface TestOptions extends CommonOptions {
  readonly publishedAt?: string
  readonly organization?: string
  readonly onDemand?: boolean
}

const HINTS: Readonly<Record<string, string>> = {
  needs_approval: 'Ask for it: terrace mirror approval request ADDRESS VERSION --reason TEXT',
  held: 'Wait, or let it in before: terrace mirror approval override ADDRESS VERSION --reason TEXT',
}

/** `terrace mirror policy test ADDRESS [VERSION]` */
export const testPolicies: RunCommand<TestOptions> = (context, { arguments: [address = '', version], options }) =>
  withApi(context, async (api) => {
    const { output } = context
    const name = version === undefined ? address : `${address} ${version}`
    const body = bodyOf({ address, version }, options)
    const answer = await api.call('post', '/api/v1/admin/mirror-policies/test', { action: `test "${name}"`, body })
    if (output.settings.form === 'json') output.json(answer)
    else {
      output.data(answer.decision)
      for (const sentence of answer.why) output.message(sentence)
    }
    if (answer.allowed) return
    const hint = HINTS[answer.decision] ?? 'See all policies with: terrace mirror policy list'
    throw new CliError(`Cannot mirror "${name}": it is ${answer.decision.replace('_', ' ')}`, { hint })
  })

function bodyOf(
  { address, version }: { readonly address: string; readonly version: string | undefined },
  { publishedAt, organization, onDemand }: TestOptions,
) {
  return {
    address,
    ...(version !== undefined && { version }),
    ...(publishedAt !== undefined && { published_at: publishedAt }),
    ...(organization !== undefined && { organization }),
    ...(onDemand === true && { on_demand: true }),
  }
}
