import type { Deps } from '../../base/deps.ts'

/** What the accounts feature needs of the server. */
export interface AccountDeps extends Pick<Deps, 'database' | 'clock' | 'logger'> {
  readonly secrets: Pick<Deps['secrets'], 'jwtKey' | 'csrfKey' | 'apiKeyKey' | 'setupTokenKey'>
  readonly config: {
    readonly devMode: boolean
    readonly auth: {
      readonly localAccounts: boolean
      readonly jwtExpirationHours: number
      readonly bcryptCost: number
      readonly setupTokenHours: number
    }
    readonly multiTenancy: { readonly enabled: boolean }
    readonly admin: { readonly username: string; readonly password: string }
  }
}
