import type { Config } from '../../../config/config-schema.ts'
import { formatKeyScope, parseKeyScope, type SigningScope } from '../key-scope.ts'

/** An address that a signing key is refreshed from (`mirror.signing_key_sources`). */
export interface KeySource extends SigningScope {
  readonly url: string
  /** Of the primary keys that may come from there, upper-case hex. */
  readonly fingerprints: readonly string[]
}

/** The configured addresses. */
export function listKeySources({ mirror }: Pick<Config, 'mirror'>): readonly KeySource[] {
  return mirror.signingKeySources.map(({ scope, url, fingerprints }) => ({ ...parseKeyScope(scope), url, fingerprints }))
}

/** A source in messages: what it is for, and the address. */
export function describeSource(source: KeySource): string {
  return `${formatKeyScope(source)} from ${source.url}`
}
