import type { Deps } from '../../base/deps.ts'
import type { IssuerTrust } from './exchange/identity-verifier.ts'

/** What trust in pipelines needs of the server. */
export interface CiTrustDeps extends Pick<Deps, 'database' | 'clock' | 'logger' | 'outbound'> {
  readonly secrets: Pick<Deps['secrets'], 'apiKeyKey'>
  readonly config: IssuerTrust & { readonly multiTenancy: { readonly enabled: boolean } }
}
