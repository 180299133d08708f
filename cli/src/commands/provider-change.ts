import type { BodyOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { withApi } from '../connection/open-api.ts'
import type { CommandContext } from '../program/command-context.ts'
import { chooseVersion } from '../providers/held-packages.ts'

interface ChangeOptions extends CommonOptions {
  readonly platform?: string
  readonly message?: string
  readonly reason?: string
}

type Flags = BodyOf<'patch', '/api/v1/admin/providers/{id}'>

interface Change {
  /** As in `Cannot <verb> "…"`. */
  readonly verb: string
  readonly done: string
  readonly flags: Flags
  readonly next: (address: string) => string
}

/** `terrace provider deprecate ADDRESS@VERSION` */
export const deprecateProvider: RunCommand<ChangeOptions> = (context, { arguments: [address = ''], options }) =>
  change(context, address, {
    verb: 'deprecate',
    done: 'Deprecated',
    flags: { deprecated: true, deprecation_message: options.message ?? '' },
    next: (name) => `Take it back with: terrace provider undeprecate ${name}`,
  })

/** `terrace provider undeprecate ADDRESS@VERSION` */
export const undeprecateProvider: RunCommand<ChangeOptions> = (context, { arguments: [address = ''] }) =>
  change(context, address, {
    verb: 'undeprecate',
    done: 'No longer deprecated:',
    flags: { deprecated: false },
    next: (name) => `See it with: terrace provider list ${name}`,
  })

/** `terrace provider block ADDRESS@VERSION` */
export const blockProvider: RunCommand<ChangeOptions> = (context, { arguments: [address = ''], options }) =>
  change(context, address, {
    verb: 'block',
    done: 'Blocked',
    flags: { blocked: true, ...(options.reason !== undefined && { blocked_reason: options.reason }) },
    next: (name) => `Serve it again with: terrace provider unblock ${name}${platformFlag(options)}`,
  })

/** `terrace provider unblock ADDRESS@VERSION` */
export const unblockProvider: RunCommand<ChangeOptions> = (context, { arguments: [address = ''] }) =>
  change(context, address, {
    verb: 'unblock',
    done: 'Unblocked',
    flags: { blocked: false },
    next: (name) => `See it with: terrace provider list ${name}`,
  })

function platformFlag({ platform }: ChangeOptions): string {
  return platform === undefined ? '' : ` --platform ${platform}`
}

function change(context: CommandContext, address: string, { verb, done, flags, next }: Change): Promise<void> {
  const { platform } = context.options as ChangeOptions
  return withApi(context, async (api) => {
    const { output } = context
    const { id, name } = await chooseVersion(api, address, platform)
    await api.call('patch', '/api/v1/admin/providers/{id}', { action: `${verb} "${name}"`, params: { id }, body: flags })
    if (output.settings.form === 'json') output.json({ id, name, ...flags })
    output.message(`${done} ${name}`)
    output.message(next(address))
  })
}
