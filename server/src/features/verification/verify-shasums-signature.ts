import { createMessage, enums, type Key, readSignature, SignaturePacket, type Subkey } from 'openpgp'
import type { UnixMs } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import { findExpiry, findSigningKey, OPENPGP_POLICY, STRONG_DIGESTS } from './openpgp-policy.ts'
import { describeSigningKey, fingerprintOf, readArmoredKeys, type SigningKey } from './signing-key.ts'

export interface VerifyShasumsInput {
  /** The exact bytes that were signed. */
  readonly shasums: Uint8Array
  /** Binary detached signature; may hold several. */
  readonly signature: Uint8Array
  /** Armored public keys. Unreadable ones are passed over. */
  readonly keys: readonly string[]
  readonly now: UnixMs
  /** What a key does that was valid when it signed and has expired since. */
  readonly expiredKeys: 'warn' | 'refuse'
  /** Named in messages; `SHA256SUMS` by default. */
  readonly filename?: string
}

export interface VerifiedSignature {
  /** Of the primary key, upper-case hex, also when a sub-key signed. */
  readonly fingerprint: string
  readonly keyId: string
  /** The key that signed, ready to be stored and served. */
  readonly key: SigningKey
  /** When it was made, as the signature says. */
  readonly signedAt: UnixMs
  /** A sentence for administrators: the key has expired since. */
  readonly warning?: string
}

export type SignatureFailure =
  | 'unknown_issuer'
  | 'bad_signature'
  | 'revoked_key'
  | 'expired_key'
  | 'weak_key'
  | 'armored'
  | 'empty'
  | 'weak_hash'
  | 'signature_expired'

/** A refused signature; `state` ends the message. */
interface Failure {
  readonly reason: SignatureFailure
  readonly state: string
}
interface Success {
  readonly key: Key
  readonly signedAt: UnixMs
  readonly warning?: string
}
type Verdict = Failure | Success

/** Clocks of signers run ahead by seconds; the CLIs refuse signatures from the future. */
const CLOCK_SKEW_MS = 5 * 60 * 1000

/**
 * Verifies a detached signature over the exact bytes of SHA256SUMS. Only binary signatures count: a text signature would also
 * cover the bytes with other line ends. Every given key that the signature names is tried, so a newer copy of a key may stand
 * beside an old one; a revocation in any copy wins.
 * Source: protocol.md 3.6; reliability.md rows 41 and 42
 *
 * @throws {RegistryError} INVALID_SIGNATURE with `detail.reason` ({@link SignatureFailure}) and `detail.issuerKeyIds`.
 */
export async function verifyShasumsSignature(input: VerifyShasumsInput): Promise<VerifiedSignature> {
  const packets = await readPackets(input)
  const keys = (await Promise.all(input.keys.map(readArmoredKeys))).flat()
  const revoked = new Set<string>()
  const verdicts: Verdict[] = []
  for (const key of keys) {
    const packet = packets.find(({ issuerKeyID }) => key.getKeys(issuerKeyID).length > 0)
    if (packet === undefined) continue
    const verdict = await judge({ key, packet }, input)
    if ('reason' in verdict && verdict.reason === 'revoked_key') revoked.add(fingerprintOf(key))
    verdicts.push(verdict)
  }
  const accepted = verdicts.filter((verdict) => 'key' in verdict).filter(({ key }) => !revoked.has(fingerprintOf(key)))
  const best = accepted.find(({ warning }) => warning === undefined) ?? accepted[0]
  if (best === undefined) throw refused(input, chooseFailure(verdicts), packets)
  const key = await describeSigningKey(best.key)
  const { fingerprint, keyId } = key
  return { fingerprint, keyId, key, signedAt: best.signedAt, ...(best.warning !== undefined && { warning: best.warning }) }
}

async function readPackets(input: VerifyShasumsInput): Promise<SignaturePacket[]> {
  const { signature } = input
  if (signature.length === 0) throw refused(input, { reason: 'empty', state: 'it is empty' })
  if (/^\s*-----BEGIN/.test(Buffer.from(signature.subarray(0, 256)).toString('latin1'))) {
    throw refused(input, { reason: 'armored', state: 'it is ASCII-armored, which no client accepts' })
  }
  try {
    const { packets } = await readSignature({ binarySignature: signature, config: OPENPGP_POLICY })
    // Packets of unknown versions stay in the list as another class.
    const readable = packets.filter((packet) => packet instanceof SignaturePacket)
    if (readable.length > 0) return readable
  } catch {
    // The library has no error types: whatever it says, these bytes are no signature.
  }
  throw refused(input, { reason: 'bad_signature', state: 'it holds no readable OpenPGP signature' })
}

async function judge({ key, packet }: { key: Key; packet: SignaturePacket }, input: VerifyShasumsInput): Promise<Verdict> {
  const signingKey = await findSigningKey(key, packet.issuerKeyID)
  if (signingKey === 'revoked') return { reason: 'revoked_key', state: `key ${fingerprintOf(key)} is revoked` }
  if (signingKey === 'weak') return { reason: 'weak_key', state: `key ${fingerprintOf(key)} is too weak` }
  if (signingKey === 'no_signing_usage') return UNKNOWN_ISSUER
  if (packet.signatureType !== enums.signature.binary) return { reason: 'bad_signature', state: 'it does not sign exact bytes' }
  if (!STRONG_DIGESTS.has(packet.hashAlgorithm)) return { reason: 'weak_hash', state: 'it uses a digest that can be forged, such as SHA-1' }
  if (!(await isGenuine(signingKey, packet, input.shasums))) {
    return { reason: 'bad_signature', state: 'it does not fit the content' }
  }
  return judgeTimes({ key, signingKey, packet }, input)
}

async function isGenuine(signingKey: Key | Subkey, packet: SignaturePacket, shasums: Uint8Array): Promise<boolean> {
  const [literal] = (await createMessage({ binary: shasums })).packets
  if (literal === undefined || packet.created === null) return false
  try {
    // Judged at its own time: what has expired since is decided by judgeTimes.
    await packet.verify(signingKey.keyPacket, enums.signature.binary, literal, packet.created, true, OPENPGP_POLICY)
    return true
  } catch {
    return false
  }
}

async function judgeTimes(
  { key, signingKey, packet }: { key: Key; signingKey: Key | Subkey; packet: SignaturePacket },
  { now, expiredKeys }: VerifyShasumsInput,
): Promise<Verdict> {
  const signedAt = Number(packet.created)
  if (signedAt > now + CLOCK_SKEW_MS) return { reason: 'bad_signature', state: 'it was made in the future' }
  if (signedAt < signingKey.getCreationTime().getTime()) return { reason: 'bad_signature', state: 'it is older than its key' }
  if (Number(packet.getExpirationTime()) <= now) return { reason: 'signature_expired', state: 'it has expired' }
  const expiry = await findExpiry(key, signingKey)
  if (expiry === undefined || expiry > now) return { key, signedAt }
  const text = `key ${signingKey.getKeyID().toHex().toUpperCase()} has expired on ${new Date(expiry).toISOString().slice(0, 10)}`
  if (expiry <= signedAt) return { reason: 'expired_key', state: `${text}, before it signed` }
  if (expiredKeys === 'refuse') return { reason: 'expired_key', state: text }
  return { key, signedAt, warning: `The signing ${text}; the signature was made before` }
}

const UNKNOWN_ISSUER: Failure = { reason: 'unknown_issuer', state: 'none of the known keys made it' }

/** A revoked key is the most telling; any other failure says more than an unknown issuer. */
function chooseFailure(verdicts: readonly Verdict[]): Failure {
  const failures = verdicts.filter((verdict) => 'reason' in verdict)
  return (
    failures.find(({ reason }) => reason === 'revoked_key') ?? failures.find(({ reason }) => reason !== 'unknown_issuer') ?? UNKNOWN_ISSUER
  )
}

const HINTS: Partial<Record<SignatureFailure, string>> = {
  unknown_issuer: 'Add the public key that made the signature, or sign with a known key',
  armored: 'Make it with "gpg --detach-sign" without "--armor", or convert it with "gpg --dearmor"',
  weak_hash: 'Sign again with "gpg --digest-algo SHA256 --detach-sign"',
  expired_key: 'Sign with a valid key; "providers.expired_keys" decides on keys that have expired since they signed',
  revoked_key: 'Sign with another key',
}

function refused(input: VerifyShasumsInput, failure: Failure, packets: readonly SignaturePacket[] = []): RegistryError {
  const issuerKeyIds = [...new Set(packets.map(({ issuerKeyID }) => issuerKeyID.toHex().toUpperCase()))]
  const hint = HINTS[failure.reason] ?? 'Sign the exact bytes of the file again: gpg --detach-sign SHA256SUMS'
  // reliability.md F21: who signed is what an administrator looks for.
  const isUnknown = failure.reason === 'unknown_issuer' && issuerKeyIds.length > 0
  const state = isUnknown ? `signed by unknown key ${issuerKeyIds.join(', ')}` : failure.state
  const message = `Cannot verify the signature of "${input.filename ?? 'SHA256SUMS'}": ${state}`
  return new RegistryError('INVALID_SIGNATURE', message, { hint, detail: { reason: failure.reason, issuerKeyIds } })
}
