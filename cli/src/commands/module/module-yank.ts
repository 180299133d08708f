import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { askText } from '../../input/ask.ts'
import { confirm } from '../../input/confirm.ts'
import { nameOf, readModuleVersionName } from '../../modules/module-name.ts'
import { formatBytes } from '../../output/format-amounts.ts'

interface YankOptions extends CommonOptions {
  readonly reason?: string
  readonly force?: boolean
  readonly dryRun?: boolean
}

const VERSION = '/api/v1/modules/{namespace}/{name}/{system}/{version}'

/** `terrace module yank ADDRESS VERSION`: the name must be typed, because nothing brings the version back. */
export const yankModule: RunCommand<YankOptions> = (context, { arguments: [text = '', given], options }) =>
  withApi(context, async (api) => {
    const { output } = context
    const named = readModuleVersionName(text, given, api.url)
    const name = nameOf(named)
    const params = { ...named.address, version: named.version }
    const found = await api.call('get', VERSION, { action: `withdraw "${name}"`, params })
    const { size, sha256, downloads } = found.version
    const document = { module: formatModuleAddress(named.address), version: named.version, sha256, size, downloads }
    if (options.dryRun === true) {
      if (output.settings.form === 'json') output.json({ dry_run: true, ...document })
      output.message(`Would withdraw ${name}: ${formatBytes(size)}, ${downloads} downloads. Nothing was changed`)
      return
    }
    const reason = options.reason ?? (await askText(context, { label: 'Reason', otherwise: 'Use --reason' }))
    if (options.force !== true) {
      const warning = `${name} (${downloads} downloads) is withdrawn for ever; configurations that name it stop working`
      await confirm(context, { warning, answer: name })
    }
    await api.call('delete', VERSION, { action: `withdraw "${name}"`, params, body: { reason } })
    if (output.settings.form === 'json') output.json({ withdrawn: true, ...document, reason })
    output.message(`Withdrawn ${name}; who asks for it is told the reason. Its number stays taken; publish the next version instead`)
  })
