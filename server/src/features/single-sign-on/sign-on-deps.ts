import type { Deps } from '../../base/deps.ts'
import type { AccountDeps } from '../accounts/index.ts'

/** What single sign-on needs of the server. */
export interface SignOnDeps extends Pick<Deps, 'database' | 'clock' | 'logger' | 'outbound'> {
  readonly secrets: AccountDeps['secrets'] & Pick<Deps['secrets'], 'seal' | 'unseal'>
  readonly config: AccountDeps['config'] & { readonly auth: Pick<Deps['config']['auth'], 'oidc' | 'azureAd'> }
}
