import { usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { parseExpiry } from '../../input/parse-expiry.ts'
import { describeEnd, showNewKey } from './describe-key.ts'

interface RotateKeyOptions extends CommonOptions {
  readonly grace?: string
  readonly expires?: string
}

const MAX_GRACE_HOURS = 72

/** `terrace key rotate ID`: the new key alone goes to standard output. */
export const rotateKey: RunCommand<RotateKeyOptions> = async (context, { arguments: [id = ''], options }) => {
  const hours = readGrace(options.grace ?? '0')
  const end =
    options.expires === undefined ? {} : { expires_at: options.expires === 'never' ? null : parseExpiry(options.expires, Date.now()) }
  await withApi(context, async (api) => {
    const key = await api.call('post', '/api/v1/apikeys/{id}/rotate', {
      action: `rotate API key "${id}"`,
      params: { id },
      body: { grace_hours: hours, ...end },
    })
    showNewKey(context.output, key)
    const old = hours === 0 ? 'the old one is revoked' : `the old one works for ${hours} more ${hours === 1 ? 'hour' : 'hours'}`
    context.output.message(`Made a new key for "${key.name}" (id ${key.id}); ${old}; ${describeEnd(key)}`)
    context.output.message('The key is shown only now')
  })
}

function readGrace(text: string): number {
  const [, count = '', unit] = /^(\d{1,3})([hd]?)$/.exec(text) ?? []
  const hours = count === '' ? Number.NaN : Number(count) * (unit === 'd' ? 24 : 1)
  if (hours >= 0 && hours <= MAX_GRACE_HOURS) return hours
  throw usageError(`Cannot use grace "${text}": it is no span from 0 to 72 hours`, 'Write 0, 24h or 3d')
}
