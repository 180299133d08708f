import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { readNamedFile, readStandardInput } from '../../input/read-input.ts'

interface AddOptions extends CommonOptions {
  readonly fingerprint?: string
}

/** `terrace signing-key add SCOPE FILE` */
export const addSigningKey: RunCommand<AddOptions> = async (context, { arguments: [scope = '', file = ''], options }) => {
  const armor = file === '-' ? await readStandardInput(context, 'FILE') : (await readNamedFile(file, 'the key')).toString('utf8')
  await withApi(context, async (api) => {
    const { fingerprint } = options
    const body = { scope, ascii_armor: armor, ...(fingerprint !== undefined && { fingerprint }) }
    const key = await api.call('post', '/api/v1/admin/signing-keys', { action: `add a signing key for "${scope}"`, body })
    if (context.output.settings.form === 'json') context.output.json(key)
    else context.output.data(key.id)
    context.output.message(`Trusted ${key.fingerprint} (${key.user_id}) for "${key.scope}"`)
  })
}
