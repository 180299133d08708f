import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'

interface RevokeOptions extends CommonOptions {
  readonly force?: boolean
}

/** `terrace key revoke ID` */
export const revokeKey: RunCommand<RevokeOptions> = async (context, { arguments: [id = ''], options }) => {
  if (options.force !== true) await confirm(context, { warning: 'whatever uses this key stops working at once', answer: 'yes' })
  await withApi(context, async (api) => {
    await api.call('delete', '/api/v1/apikeys/{id}', { action: `revoke API key "${id}"`, params: { id } })
    if (context.output.settings.form === 'json') context.output.json({ id, revoked: true })
    context.output.message(`Revoked API key ${id}`)
  })
}
