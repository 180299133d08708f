import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { withApi } from '../connection/open-api.ts'
import { confirm } from '../input/confirm.ts'
import { countOf, formatBytes } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { printable } from '../output/printable.ts'
import { type ChosenVersion, chooseVersion } from '../providers/held-packages.ts'

interface DeleteOptions extends CommonOptions {
  readonly platform?: string
  readonly force?: boolean
  readonly dryRun?: boolean
}

/** `terrace provider delete ADDRESS@VERSION`: the name must be typed, because nothing brings the version back. */
export const deleteProvider: RunCommand<DeleteOptions> = (context, { arguments: [address = ''], options }) =>
  withApi(context, async (api) => {
    const { output } = context
    const chosen = await chooseVersion(api, address, options.platform)
    const { id, name } = chosen
    if (options.dryRun === true) return showDoomed(output, chosen)
    if (options.force !== true) {
      await confirm(context, {
        warning: `${name} (${amountOf(chosen)}) is deleted for ever; lock files that name it stop working`,
        answer: address,
      })
    }
    await api.call('delete', '/api/v1/admin/providers/{id}', { action: `delete "${name}"`, params: { id } })
    if (output.settings.form === 'json') output.json({ deleted: true, ...documentOf(chosen) })
    output.message(`Deleted ${name}: ${amountOf(chosen)}. Its number stays taken; publish the next version instead`)
  })

function showDoomed(output: Output, chosen: ChosenVersion): void {
  if (output.settings.form === 'json') output.json({ dry_run: true, ...documentOf(chosen) })
  else for (const { filename } of chosen.packages) output.data(printable(filename))
  output.message(`Would delete ${chosen.name}: ${amountOf(chosen)}. Nothing was deleted`)
}

function amountOf({ packages }: ChosenVersion): string {
  return `${countOf(packages.length, 'package')}, ${formatBytes(packages.reduce((sum, { size }) => sum + size, 0))}`
}

function documentOf({ id, name, packages }: ChosenVersion) {
  return { id, name, packages: packages.map(({ filename, zh }) => ({ filename, zh })) }
}
