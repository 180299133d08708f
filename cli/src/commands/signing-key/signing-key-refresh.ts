import { CliError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import { showList } from '../../output/show-list.ts'

/** `terrace signing-key refresh [SCOPE]` */
export const refreshSigningKeys: RunCommand<CommonOptions> = (context, { arguments: [scope] }) =>
  withApi(context, async (api) => {
    const body = scope === undefined ? {} : { scope }
    const { items } = await api.call('post', '/api/v1/admin/signing-keys/refresh', { action: 'refresh signing keys', body })
    const columns = [
      { title: 'scope', text: (row: (typeof items)[number]) => row.scope },
      { title: 'outcome', text: (row: (typeof items)[number]) => row.outcome },
      { title: 'fingerprint', text: (row: (typeof items)[number]) => row.fingerprint ?? '' },
      { title: 'address', text: (row: (typeof items)[number]) => row.url },
      { title: 'why not', text: (row: (typeof items)[number]) => row.failure ?? '' },
    ]
    showList(context.output, { rows: items, columns, document: { items }, empty: 'No addresses are configured' })
    const failed = items.filter(({ outcome }) => outcome === 'failed').length
    if (failed > 0) throw new CliError(`${failed} of ${items.length} addresses gave no key that is taken over`)
  })

/** `terrace signing-key sources` */
export const listSigningKeySources: RunCommand<CommonOptions> = (context) =>
  withApi(context, async (api) => {
    const { items } = await api.call('get', '/api/v1/admin/signing-keys/sources', { action: 'list the addresses of signing keys' })
    const time = (text: string | null) => (text === null ? 'never' : formatTime(text))
    const columns = [
      { title: 'scope', text: (row: (typeof items)[number]) => row.scope },
      { title: 'address', text: (row: (typeof items)[number]) => row.url },
      { title: 'fingerprints', text: (row: (typeof items)[number]) => row.fingerprints.join(' ') },
      { title: 'refreshed', text: (row: (typeof items)[number]) => time(row.succeeded_at) },
      { title: 'last failure', text: (row: (typeof items)[number]) => row.failure ?? '' },
    ]
    showList(context.output, { rows: items, columns, document: { items }, empty: 'No addresses are configured' })
  })
