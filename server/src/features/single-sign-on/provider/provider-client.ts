import { jwtVerify } from 'jose'
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  type TokenEndpointResponse,
} from 'openid-client'
import type { Clock, UnixMs } from '../../../base/clock.ts'
import type { Outbound } from '../../../base/outbound/outbound.ts'
import { CLOCK_TOLERANCE_SECONDS, createIssuerKeys, ISSUER_ALGORITHMS } from '../../../base/tokens/issuer-keys.ts'
import { type Claims, verifiedClaim } from '../identity-claims.ts'
import type { SignOnProvider } from '../sign-on-providers.ts'
import { discoverProvider, fetchProviderKeys, providerFetch } from './provider-requests.ts'

/** What goes to the provider when somebody begins. */
export interface AuthorizationInput {
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** What came back, and what it must fit. */
export interface RedeemInput extends Omit<AuthorizationInput, 'redirectUri'> {
  /** Redirect URI with the query of the answer. */
  readonly callbackUrl: URL
}

/** One provider, spoken to as a client. Both calls throw what the library, the key set or `base/outbound` throws. */
export interface ProviderClient {
  /** Where the browser goes: authorization code flow with PKCE (S256). */
  authorizationUrl(input: AuthorizationInput): Promise<URL>
  /** Exchanges the code and answers the claims of the ID token, with those of the UserInfo endpoint where some are missing. */
  redeem(input: RedeemInput): Promise<Claims>
}

const DISCOVERY_LIFE_MS = 60 * 60_000

interface Known {
  readonly configuration: Configuration
  readonly verify: (idToken: string) => Promise<Claims>
  readonly at: UnixMs
}

/** A client that reads discovery and keys when they are first needed, and again in time. */
export function createProviderClient(
  { outbound, clock }: { readonly outbound: Pick<Outbound, 'send'>; readonly clock: Clock },
  provider: SignOnProvider,
): ProviderClient {
  const send = providerFetch(outbound, provider)
  let known: Known | undefined
  const find = async (): Promise<Known> => {
    if (known !== undefined && clock.now() - known.at < DISCOVERY_LIFE_MS) return known
    const configuration = await discoverProvider(provider, send)
    const keys = createIssuerKeys({ clock, fetchKeys: () => fetchProviderKeys(configuration, send) })
    const { issuer } = configuration.serverMetadata()
    const verify = async (idToken: string) => {
      const options = { issuer, audience: provider.clientId, algorithms: ISSUER_ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_SECONDS }
      return (await jwtVerify(idToken, keys, { ...options, currentDate: new Date(clock.now()) })).payload
    }
    known = { configuration, verify, at: clock.now() }
    return known
  }
  return {
    async authorizationUrl({ redirectUri, state, nonce, codeVerifier }) {
      const { configuration } = await find()
      return buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: provider.scopes.join(' '),
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      })
    },
    async redeem({ callbackUrl, state, nonce, codeVerifier }) {
      const { configuration, verify } = await find()
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true }
      const tokens = await authorizationCodeGrant(configuration, callbackUrl, checks)
      const claims = await verify(tokens.id_token ?? '')
      if (claims.azp !== undefined && claims.azp !== provider.clientId) throw new TypeError('the token was made for another client')
      return completeClaims(provider, claims, { configuration, tokens })
    },
  }
}

interface Redeemed {
  readonly configuration: Configuration
  readonly tokens: TokenEndpointResponse
}

/** Some providers put claims into the ID token only when there is no other way to get them. */
async function completeClaims(provider: SignOnProvider, claims: Claims, { configuration, tokens }: Redeemed): Promise<Claims> {
  const { emailClaim, groupsClaim, groupRoles } = provider
  const isMissing = (name: string) => claims[name] === undefined
  const wanted = isMissing(emailClaim) || (groupsClaim !== undefined && groupRoles.length > 0 && isMissing(groupsClaim))
  // Entra ID answers no further claims there.
  if (!wanted || provider.kind === 'azure_ad' || configuration.serverMetadata().userinfo_endpoint === undefined) return claims
  const more: Claims = await fetchUserInfo(configuration, tokens.access_token, String(claims.sub))
  // Whether an address is verified counts for the address that stands next to it.
  const verified = (isMissing(emailClaim) ? more : claims)[verifiedClaim(provider)]
  return { ...more, ...claims, [verifiedClaim(provider)]: verified }
}
