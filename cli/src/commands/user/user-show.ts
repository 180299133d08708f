import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { formatTime } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { showFacts } from '../../output/show-facts.ts'
import { findUser, type ListedUser } from '../../users/find-user.ts'

/** `terrace user show USER` */
export const showUser: RunCommand<CommonOptions> = (context, { arguments: [user = ''] }) =>
  withApi(context, async (api) => writeUser(context.output, await findUser(api, { user, action: `show user "${user}"` })))

/** Writes everything there is to know about a user. */
export function writeUser(output: Output, user: ListedUser): void {
  showFacts(output, {
    facts: [
      ['user name', user.username],
      ['name', user.display_name ?? ''],
      ['e-mail', user.email ?? ''],
      ['scopes', user.scopes.join(', ')],
      ...user.roles.map(({ organization, role }) => [`role in ${organization}`, role] as const),
      ['state', user.disabled ? 'disabled' : 'ok'],
      ['created', formatTime(user.created_at)],
      ['last sign-in', formatTime(user.last_sign_in_at)],
      ['id', user.id],
    ],
    document: user,
  })
}
