import type { Deps } from '../../base/deps.ts'
import type { Authenticate } from '../../base/http/request-chain.ts'
import type { OpenedSession, SignIn } from '../accounts/index.ts'

/** Another way to sign in than by password, for a link on the page. */
export interface SignOnMethod {
  /** For people: `Example Corp`. */
  readonly label: string
  /** Where it starts; comes back to the path that it gets. */
  startPath(returnPath: string): string
}

/** What the login of Terraform needs of the server. */
export interface TerraformLoginDeps extends Pick<Deps, 'database' | 'clock'> {
  readonly secrets: Pick<Deps['secrets'], 'apiKeyKey' | 'csrfKey' | 'seal' | 'unseal'>
  readonly config: { readonly auth: { readonly loginTokenDays: number } }
  /** Finds out whose session the cookie holds. */
  readonly authenticate: Authenticate
  /** Opens a session by password; `undefined` where passwords are switched off. */
  readonly signIn: ((input: SignIn) => Promise<OpenedSession>) | undefined
  readonly signOnMethods: readonly SignOnMethod[]
}
