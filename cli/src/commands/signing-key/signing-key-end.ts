import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { confirm } from '../../input/confirm.ts'
import { findKeyId } from './signing-key-decide.ts'

interface RetireOptions extends CommonOptions {
  readonly at?: string
}

interface DeleteOptions extends CommonOptions {
  readonly force?: boolean
}

/** `terrace signing-key retire ID` */
export const retireSigningKey: RunCommand<RetireOptions> = async (context, { arguments: [text = ''], options }) => {
  const body = options.at === undefined ? {} : { at: readMoment(options.at) }
  await withApi(context, async (api) => {
    const request = { action: `retire signing key "${text}"`, params: { id: await findKeyId(api, text) }, body }
    const key = await api.call('post', '/api/v1/admin/signing-keys/{id}/retire', request)
    if (context.output.settings.form === 'json') context.output.json(key)
    context.output.message(`What ${key.fingerprint} signs for "${key.scope}" from ${key.retired_at} on does not count`)
  })
}

/** A moment in ISO 8601 from a day (its beginning in UTC) or a moment; in the past too. */
function readMoment(text: string): string {
  const at = Date.parse(text)
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(at)) return new Date(at).toISOString()
  throw usageError(`Cannot use time "${text}": it is no day or moment`, 'Write 2026-12-31 or 2026-12-31T12:00:00Z')
}

/** `terrace signing-key delete ID` */
export const deleteSigningKey: RunCommand<DeleteOptions> = async (context, { arguments: [text = ''], options }) => {
  const warning = 'without any key left, the next one that signs in its namespace is trusted at first sight'
  if (options.force !== true) await confirm(context, { warning, answer: 'yes' })
  await withApi(context, async (api) => {
    const id = await findKeyId(api, text)
    await api.call('delete', '/api/v1/admin/signing-keys/{id}', { action: `delete signing key "${text}"`, params: { id } })
    if (context.output.settings.form === 'json') context.output.json({ id, deleted: true })
    context.output.message(`Deleted signing key ${text}`)
  })
}
