import type { ProviderClient } from './provider/provider-client.ts'
import { asSignOnFailure } from './provider/provider-failures.ts'
import { beginAttempt } from './sign-on-attempts.ts'
import type { SignOnDeps } from './sign-on-deps.ts'
import type { SignOnProvider } from './sign-on-providers.ts'

/** A provider and the connection to it. */
export interface SignOnParty {
  readonly provider: SignOnProvider
  readonly client: ProviderClient
}

/** What somebody begins with. */
export interface StartSignOn extends SignOnParty {
  readonly browserSecret: string
  readonly redirectUri: string
  /** A path of ours, checked. */
  readonly returnTo: string
}

/**
 * Begins a sign-in and answers where the browser goes.
 *
 * @throws {RegistryError} UPSTREAM_UNAVAILABLE and the like while the provider cannot be asked for its addresses.
 */
export async function startSignOn(deps: SignOnDeps, input: StartSignOn): Promise<URL> {
  const { provider, client, redirectUri } = input
  const attempt = await beginAttempt(deps, input)
  try {
    return await client.authorizationUrl({ ...attempt, redirectUri })
  } catch (error) {
    throw asSignOnFailure(deps.logger, provider, error)
  }
}
