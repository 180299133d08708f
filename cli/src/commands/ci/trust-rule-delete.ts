import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'

interface DeleteOptions extends CommonOptions {
  readonly force?: boolean
}

/** `terrace trust-rule delete ID` */
export const deleteTrustRule: RunCommand<DeleteOptions> = async (context, { arguments: [id = ''], options }) => {
  if (options.force !== true) await confirm(context, { warning: 'keys of pipelines that came from this rule end at once', answer: 'yes' })
  await withApi(context, async (api) => {
    await api.call('delete', '/api/v1/trust-rules/{id}', { action: `delete trust rule "${id}"`, params: { id } })
    if (context.output.settings.form === 'json') context.output.json({ id, deleted: true })
    context.output.message(`Deleted trust rule ${id}`)
  })
}
