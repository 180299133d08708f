import type { UnixMs } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import type { SigningKey } from '../verification/index.ts'
import { isInScope } from './key-scope.ts'
import { recordKey } from './record-key.ts'
import { listSigningKeysOf, type SigningKeyRow } from './signing-key-queries.ts'
import { listKeySources } from './sources/key-sources.ts'
import type { TrustDeps } from './trust-deps.ts'
import type { SignedProvider } from './trusted-keys.ts'

/** A key that has made a good signature, and where it came from. */
export interface SignedBy {
  readonly provider: SignedProvider
  readonly key: SigningKey
  /** When the signature says that it was made. */
  readonly signedAt: UnixMs
  readonly source: 'announced' | 'publisher'
}

/**
 * Keys a signature of this provider may be checked with, as armored blocks. Keys named in the configuration stand alone;
 * without them these are the keys recorded before for its namespace or for it alone, and the ones just announced, which
 * {@link trustSigningKey} then judges.
 */
export async function listCandidateKeys(
  deps: Pick<TrustDeps, 'database' | 'trustedKeys'>,
  input: { readonly provider: SignedProvider; readonly announced: readonly string[] },
): Promise<string[]> {
  const configured = deps.trustedKeys.forProvider(input.provider)
  if (configured.length > 0) return [...configured]
  const known = await listSigningKeysOf(deps.database.db, input.provider)
  return [...known.filter((row) => isInScope(row, input.provider)).map((row) => row.asciiArmor), ...input.announced]
}

/**
 * Decides whether the key that made a good signature may sign for the provider, and pins the first one of a namespace.
 * Another key later waits for an administrator (`providers.key_pinning`); a rejected or revoked one is never accepted, a retired
 * one only for what it signed before.
 *
 * @returns a warning to keep with the version, when the policy let a new key pass.
 * @throws {RegistryError} SIGNING_KEY_CONFLICT when the key has to be accepted first.
 */
export async function trustSigningKey(deps: TrustDeps, input: SignedBy): Promise<string | undefined> {
  const { provider, key } = input
  const isConfigured = deps.trustedKeys.forProvider(provider).length > 0
  // A configured key is recorded all the same: the registry protocol hands the public key out later.
  const known = await recordKey(deps, { provider, key, source: isConfigured ? 'administrator' : input.source })
  const own = known.filter((row) => row.fingerprint === key.fingerprint && isInScope(row, provider))
  const refusal = findRefusal(own, input.signedAt)
  if (refusal !== undefined) throw conflict(provider, key.fingerprint, refusal)
  if (isConfigured || own.some(isTrusted)) return undefined
  const pinned = known.find((row) => isTrusted(row) && isInScope(row, provider))?.fingerprint
  return judgeNewKey(deps, { provider, fingerprint: key.fingerprint, pinned })
}

const isTrusted = ({ state }: SigningKeyRow): boolean => state === 'trusted'

/** What is recorded against a key, whatever the policy; `undefined` when nothing is. */
function findRefusal(own: readonly SigningKeyRow[], signedAt: UnixMs): string | undefined {
  if (own.some(({ state }) => state === 'revoked')) return 'its owner has revoked it'
  if (own.some(({ state }) => state === 'rejected')) return 'an administrator has rejected it'
  const [first, ...others] = own.filter(isTrusted).map(({ retiredAt }) => retiredAt)
  if (first === undefined) return undefined
  const retiredAt = [first, ...others].includes(null) ? null : Math.max(...[first, ...others].map(Number))
  if (retiredAt === null || signedAt < retiredAt) return undefined
  return `it was retired on ${new Date(retiredAt).toISOString().slice(0, 10)} and the signature was made after that`
}

function judgeNewKey(
  deps: TrustDeps,
  { provider, fingerprint, pinned }: { provider: SignedProvider; fingerprint: string; pinned: string | undefined },
): string | undefined {
  const state = pinned === undefined ? 'no other key is trusted' : `key ${pinned} is pinned`
  switch (deps.config.providers.keyPinning) {
    case 'off':
      return undefined
    case 'warn':
      return `Signed by key ${fingerprint}, which waits for an administrator; for "${provider.hostname}/${provider.namespace}" ${state}`
    case 'enforce':
      throw conflict(provider, fingerprint, `${state} and the new one waits for an administrator`)
  }
}

function conflict({ hostname, namespace, type }: SignedProvider, fingerprint: string, state: string): RegistryError {
  return new RegistryError('SIGNING_KEY_CONFLICT', `Cannot trust signing key "${fingerprint}" for "${hostname}/${namespace}": ${state}`, {
    hint: 'Compare the fingerprint with the one its owner publishes, then accept or reject it: terrace signing-key list',
    detail: { fingerprint, hostname, namespace, type },
  })
}

/**
 * Whether only a signature will do for the provider: a key of it is known or pinned, so an upstream that suddenly gives none is no
 * reason to do without. A key that was rejected or revoked counts too, or taking trust away would let more in than before.
 */
export async function expectsSignature(
  deps: Pick<TrustDeps, 'config' | 'database' | 'trustedKeys'>,
  provider: SignedProvider,
): Promise<boolean> {
  if (deps.trustedKeys.forProvider(provider).length > 0) return true
  if (listKeySources(deps.config).some((source) => isInScope(source, provider))) return true
  const known = await listSigningKeysOf(deps.database.db, provider)
  return known.some((row) => isInScope(row, provider))
}
