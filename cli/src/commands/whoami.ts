import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { withApi } from '../connection/open-api.ts'
import { showFacts } from '../output/show-facts.ts'

const KINDS: Readonly<Record<string, string>> = { session: 'session of "terrace login"', api_key: 'API key' }

/** `terrace whoami` */
export const whoami: RunCommand<CommonOptions> = (context) =>
  withApi(context, async (api) => {
    const caller = await api.call('get', '/api/v1/auth/me', { action: 'tell who you are' })
    showFacts(context.output, {
      facts: [
        ['name', caller.name],
        ['server', api.url],
        ['credential', KINDS[caller.kind] ?? caller.kind],
        ['scopes', caller.scopes.includes('admin') ? 'admin (everything)' : caller.scopes.join(', ')],
        ...caller.organizations.map(({ name, role }) => [`role in ${name}`, role ?? 'none'] as const),
      ],
      document: { server: api.url, ...caller },
    })
  })
