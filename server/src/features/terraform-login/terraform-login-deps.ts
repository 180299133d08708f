import type { Deps } from '../../base/deps.ts'
import type { Authenticate } from '../../base/http/request-chain.ts'
import type { OpenedSession, SignIn, SignOnMethod } from '../accounts/index.ts'

/** What the login of Terraform needs of the server. */
export interface TerraformLoginDeps extends Pick<Deps, 'database' | 'clock' | 'logger'> {
  readonly secrets: Pick<Deps['secrets'], 'apiKeyKey' | 'csrfKey' | 'seal' | 'unseal'>
  readonly config: { readonly auth: { readonly localAccounts: boolean; readonly loginTokenDays: number } }
  /** Finds out whose session the cookie holds. */
  readonly authenticate: Authenticate
  /** Opens a session by password. */
  signIn(input: SignIn): Promise<OpenedSession>
  /** Other ways to sign in, for links on the page. */
  readonly signOnMethods: readonly SignOnMethod[]
}
