import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { askText } from '../../input/ask.ts'
import { confirm } from '../../input/confirm.ts'
import { readModuleName } from '../../modules/module-name.ts'

interface DeleteOptions extends CommonOptions {
  readonly reason?: string
  readonly force?: boolean
  readonly dryRun?: boolean
}

const MODULE = '/api/v1/modules/{namespace}/{name}/{system}'

/** `terrace module delete ADDRESS`: the address must be typed, because nothing brings the versions back. */
export const deleteModule: RunCommand<DeleteOptions> = (context, { arguments: [text = ''], options }) =>
  withApi(context, async (api) => {
    const { output } = context
    const { address: params } = readModuleName(text, undefined, api.url)
    const name = formatModuleAddress(params)
    const { items } = await api.call('get', `${MODULE}/versions`, { action: `withdraw "${name}"`, params })
    const versions = items.filter(({ state }) => state !== 'deleted').map(({ version }) => version)
    const document = { module: name, versions }
    if (options.dryRun === true) {
      if (output.settings.form === 'json') output.json({ dry_run: true, ...document })
      output.message(`Would withdraw ${name} with ${versions.length} versions: ${versions.join(', ')}. Nothing was changed`)
      return
    }
    const reason = options.reason ?? (await askText(context, { label: 'Reason', otherwise: 'Use --reason' }))
    if (options.force !== true) {
      const warning = `All ${versions.length} versions of ${name} are withdrawn for ever; configurations that name them stop working`
      await confirm(context, { warning, answer: name })
    }
    await api.call('delete', MODULE, { action: `withdraw "${name}"`, params, body: { reason } })
    if (output.settings.form === 'json') output.json({ withdrawn: true, ...document, reason })
    output.message(`Withdrawn ${name} with ${versions.length} versions; who asks for one is told the reason. Their numbers stay taken`)
  })
