import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock, UnixMs } from '../clock.ts'

/** Where keys come from. */
export interface IssuerKeysOptions {
  readonly clock: Clock
  readonly fetchKeys: () => Promise<JSONWebKeySet>
}

/** Only what needs the issuer's private key: nobody signs with a public key or a secret that both sides have (RFC 8725). */
export const ISSUER_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** How far the clocks of an issuer and of this server may differ. */
export const CLOCK_TOLERANCE_SECONDS = 30

const LIFE_MS = 10 * 60_000
/** However many tokens name keys that do not exist, the issuer is asked once in this time. */
const PAUSE_MS = 5_000

interface Known {
  readonly getKey: JWTVerifyGetKey
  readonly at: UnixMs
}

/**
 * Keys of an issuer. They are asked for again when they are old, and at once when a token names one that is not there: that is how
 * issuers change keys. Keys inside a token count for nothing. Source: OpenID Connect Core 1.0, section 10.1.1
 */
export function createIssuerKeys({ clock, fetchKeys }: IssuerKeysOptions): JWTVerifyGetKey {
  let known: Known | undefined
  let loading: Promise<Known> | undefined

  const load = (): Promise<Known> => {
    loading ??= fetchKeys()
      .then((keys) => {
        known = { getKey: createLocalJWKSet(keys), at: clock.now() }
        return known
      })
      .finally(() => {
        loading = undefined
      })
    return loading
  }

  return async (header, token) => {
    const current = known !== undefined && clock.now() - known.at < LIFE_MS ? known : await load()
    try {
      return await current.getKey(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || clock.now() - current.at < PAUSE_MS) throw error
      return (await load()).getKey(header, token)
    }
  }
}
