import { CliError, EXIT, usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import type { Api } from '../../connection/api.ts'
import { withApi } from '../../connection/open-api.ts'
import { readSigningKeys, scopeOf } from './signing-key-list.ts'

/** `terrace signing-key accept ID` */
export const acceptSigningKey: RunCommand<CommonOptions> = (context, { arguments: [text = ''] }) =>
  withApi(context, async (api) => {
    const action = `accept signing key "${text}"`
    const key = await api.call('post', '/api/v1/admin/signing-keys/{id}/accept', { action, params: { id: await findKeyId(api, text) } })
    if (context.output.settings.form === 'json') context.output.json(key)
    context.output.message(`Trusted ${key.fingerprint} for "${scopeOf(key)}"`)
    context.output.message('Load what it had stopped with: terrace mirror retry JOB --wait')
  })

/** `terrace signing-key reject ID` */
export const rejectSigningKey: RunCommand<CommonOptions> = (context, { arguments: [text = ''] }) =>
  withApi(context, async (api) => {
    const action = `reject signing key "${text}"`
    const key = await api.call('post', '/api/v1/admin/signing-keys/{id}/reject', { action, params: { id: await findKeyId(api, text) } })
    if (context.output.settings.form === 'json') context.output.json(key)
    context.output.message(`Rejected ${key.fingerprint} for "${scopeOf(key)}"`)
  })

const KEY_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{40})$/i

/** The id of the key that a fingerprint or OpenPGP key id names; an id stays as it is. */
export async function findKeyId(api: Api, text: string): Promise<string> {
  const hex = text.replace(/^0x|\s/gi, '')
  if (!KEY_ID.test(hex)) return text
  const found = (await readSigningKeys(api)).filter(({ fingerprint }) => fingerprint.toLowerCase().endsWith(hex.toLowerCase()))
  const [first, second] = found
  if (first === undefined) {
    throw new CliError(`Cannot find signing key "${text}": no key has this fingerprint`, {
      exitCode: EXIT.notFound,
      hint: 'Run: terrace signing-key list',
    })
  }
  if (second === undefined) return first.id
  const choices = found.map((key) => `${key.id} (${scopeOf(key)})`)
  throw usageError(`Cannot choose signing key "${text}": it is known for several scopes`, `Use an id: ${choices.join(', ')}`)
}
