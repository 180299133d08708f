import type { BodyOf } from '@terrace/api-client/operations.ts'
import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { CommandInput, RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { nameOf, readModuleName } from '../../modules/module-name.ts'
import type { CommandContext } from '../../program/command-context.ts'

interface DeprecateOptions extends CommonOptions {
  readonly message?: string
  readonly successor?: string
}

const BASE = '/api/v1/modules/{namespace}/{name}/{system}'

type Mark = BodyOf<'patch', typeof BASE>

/** `terrace module deprecate ADDRESS [VERSION]` */
export const deprecateModule: RunCommand<DeprecateOptions> = (context, input) => {
  const { message, successor } = input.options
  return mark(context, input, {
    verb: 'deprecate',
    done: 'Deprecated',
    next: (words) => `Take it back with: terrace module undeprecate ${words}`,
    mark: { deprecated: true, ...(message !== undefined && { message }), ...(successor !== undefined && { successor }) },
  })
}

/** `terrace module undeprecate ADDRESS [VERSION]` */
export const undeprecateModule: RunCommand<CommonOptions> = (context, input) =>
  mark(context, input, {
    verb: 'undeprecate',
    done: 'No longer deprecated:',
    next: (words) => `See it with: terrace module show ${words}`,
    mark: { deprecated: false },
  })

interface Change {
  /** As in `Cannot <verb> "…"`. */
  readonly verb: string
  readonly done: string
  readonly next: (words: string) => string
  readonly mark: Mark
}

function mark(
  context: CommandContext,
  { arguments: [text = '', given] }: CommandInput<unknown>,
  { verb, done, next, mark: body }: Change,
): Promise<void> {
  return withApi(context, async (api) => {
    const { output } = context
    const named = readModuleName(text, given, api.url)
    const { address, version } = named
    const name = nameOf(named)
    const action = `${verb} "${name}"`
    if (version === undefined) await api.call('patch', BASE, { action, params: address, body })
    else await api.call('patch', `${BASE}/{version}`, { action, params: { ...address, version }, body })
    if (output.settings.form === 'json') output.json({ module: formatModuleAddress(address), version: version ?? null, ...body })
    output.message(`${done} ${name}`)
    output.message(next(name))
  })
}
