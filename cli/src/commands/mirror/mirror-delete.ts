import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'

interface DeleteOptions extends CommonOptions {
  readonly force?: boolean
}

/** `terrace mirror delete MIRROR` */
export const deleteMirror: RunCommand<DeleteOptions> = (context, { arguments: [id = ''], options }) =>
  withApi(context, async (api) => {
    const { output } = context
    if (options.force !== true) {
      await confirm(context, { warning: `Mirror ${id} and its history go; what it has brought stays`, answer: 'yes' })
    }
    await api.call('delete', '/api/v1/admin/mirrors/{id}', { action: `delete mirror "${id}"`, params: { id } })
    if (output.settings.form === 'json') output.json({ deleted: true, mirror: id })
    output.message(`Deleted mirror ${id}`)
  })
