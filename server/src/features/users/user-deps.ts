import type { AccountDeps } from '../accounts/index.ts'
import type { OrganizationDeps } from '../organizations/index.ts'

/** What users and members need of the server. */
export interface UserDeps extends OrganizationDeps {
  readonly config: OrganizationDeps['config'] & { readonly auth: Pick<AccountDeps['config']['auth'], 'localAccounts' | 'bcryptCost'> }
}
