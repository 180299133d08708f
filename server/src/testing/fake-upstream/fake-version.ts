import { createHash } from 'node:crypto'
import { buildProviderZip, buildZip } from '../zip-writer.ts'
import { createTestSigningKey, type TestSigningKey } from './test-signing-key.ts'

/**
 * What is wrong with a version. Content defects leave everything else right: after `corruptByte` the signature still verifies
 * and lists the digest of the healthy package, after `notAZip` list and signature fit the bytes that are served.
 */
export interface Defects {
  /** SHA256SUMS lists other digests than the document announces and the packages have. */
  readonly wrongChecksum?: boolean
  /** SHA256SUMS does not name the packages. */
  readonly missingLine?: boolean
  /** An empty line in SHA256SUMS, signed with it. */
  readonly blankLine?: boolean
  /** A signature of the announced key over other bytes. */
  readonly badSignature?: boolean
  /** The signature answers 404. */
  readonly missingSignature?: boolean
  /** SHA256SUMS answers 404. */
  readonly missingShasums?: boolean
  /** The document announces no key, as registry.opentofu.org does for many providers. */
  readonly withoutKeys?: boolean
  /** Signed by a key that is not announced. */
  readonly foreignSignature?: boolean
  /** Signed by the announced key, whose announcement carries its revocation. */
  readonly revokedKey?: boolean
  /** Signed by the announced key while it was valid; now it has expired. */
  readonly expiredKey?: boolean
  /** Signed by a valid announced key that is not the one of the namespace. */
  readonly rotatedKey?: boolean
  /** The package is served with one bit changed. */
  readonly corruptByte?: boolean
  readonly notAZip?: boolean
  readonly wrongBinaryName?: boolean
  /** File name in the document and in SHA256SUMS. */
  readonly wrongFilename?: string
  /** Half of the package without a length, then a clean end of the connection. */
  readonly truncatedBody?: boolean
  /** The whole package without a length: a reader cannot see where it ends but by the end of the connection. */
  readonly withoutLength?: boolean
  /** Half of the package with the length of the whole. */
  readonly shortBody?: boolean
  /** Half of the package, then nothing. */
  readonly stall?: boolean
  /** One byte of the package every 20 ms. */
  readonly slow?: boolean
  /** The package answers with a redirect to this address. */
  readonly redirectTo?: string
  /** The first requests for the named thing answer this status. */
  readonly status?: StatusDefect
}

export interface StatusDefect {
  readonly on: 'versions' | 'document' | 'shasums' | 'signature' | 'package'
  readonly status: number
  /** How often; without it, always. */
  readonly times?: number
  /** `Retry-After`. */
  readonly retryAfter?: string
}

/** One version as a test describes it. */
export interface FakeVersionInput {
  /** `linux_amd64`; default: that one. */
  readonly platforms?: readonly string[]
  /** Default `["5.0"]`. */
  readonly protocols?: readonly string[]
  /** Content of the binary; by default it names provider, version and platform. */
  readonly content?: string
  /** Size of the binary; the rest is filled with bytes that do not compress. */
  readonly sizeBytes?: number
  /** Makes the package of a platform, instead of one made of `content`. */
  readonly zip?: (platform: string) => Buffer
  /** When it was published, for an upstream that tells more than the protocol asks for. */
  readonly publishedAt?: string
  readonly defects?: Defects
}

export interface FakePackage {
  readonly filename: string
  /** What is sent. */
  readonly body: Buffer
  /** Digest that the document announces, lower-case hex. */
  readonly shasum: string
}

/** A version with everything that is served for it. */
export interface FakeVersion {
  readonly protocols: readonly string[]
  /** By `linux_amd64`. */
  readonly packages: ReadonlyMap<string, FakePackage>
  readonly shasums: Buffer
  readonly signature: Uint8Array | undefined
  readonly announcedKey: TestSigningKey
  readonly publishedAt: string | undefined
  readonly defects: Defects
  /** Requests that `defects.status` still answers. */
  statusAnswersLeft: number
}

export interface VersionIdentity {
  readonly type: string
  readonly version: string
}

/** Builds, lists and signs the packages of one version. */
export async function makeFakeVersion(of: VersionIdentity, input: FakeVersionInput, namespaceKey: TestSigningKey): Promise<FakeVersion> {
  const { platforms = ['linux_amd64'], protocols = ['5.0'], defects = {} } = input
  const packages = new Map(platforms.map((platform) => [platform, makePackage(of, platform, input)]))
  const shasums = Buffer.from(listChecksums([...packages.values()], defects))
  const announcedKey = await announcedKeyFor(of, defects, namespaceKey)
  const signer = defects.foreignSignature === true ? await createTestSigningKey('Somebody else') : announcedKey
  const signedBytes = defects.badSignature === true ? Buffer.concat([shasums, Buffer.from('x')]) : shasums
  const signature = defects.missingSignature === true ? undefined : await signer.sign(signedBytes)
  return {
    protocols,
    packages,
    shasums,
    signature,
    announcedKey,
    publishedAt: input.publishedAt,
    defects,
    statusAnswersLeft: defects.status?.times ?? Number.POSITIVE_INFINITY,
  }
}

function announcedKeyFor(
  { type }: VersionIdentity,
  defects: Defects,
  namespaceKey: TestSigningKey,
): TestSigningKey | Promise<TestSigningKey> {
  if (defects.revokedKey === true) return createTestSigningKey(`${type}, revoked`, 'revoked')
  if (defects.expiredKey === true) return createTestSigningKey(`${type}, expired`, 'expired')
  if (defects.rotatedKey === true) return createTestSigningKey(`${type}, rotated`)
  return namespaceKey
}

function makePackage({ type, version }: VersionIdentity, platform: string, input: FakeVersionInput): FakePackage {
  const { content = `#!/bin/sh\necho ${type} ${version} ${platform}\n`, sizeBytes, defects = {} } = input
  const filename = defects.wrongFilename ?? `terraform-provider-${type}_${version}_${platform}.zip`
  const healthy = sizeBytes === undefined ? { type, version, content } : { type, version, content, sizeBytes }
  const zip = damagedContent(content, defects) ?? input.zip?.(platform) ?? buildProviderZip(healthy)
  const body = defects.corruptByte === true ? withChangedBit(zip) : zip
  return { filename, body, shasum: sha256(zip) }
}

function damagedContent(content: string, defects: Defects): Buffer | undefined {
  if (defects.notAZip === true) return Buffer.from('<html>Sign in to continue</html>')
  if (defects.wrongBinaryName === true) return buildZip([{ name: 'terraform-provider-other_v1.0.0', content }])
  return undefined
}

function withChangedBit(zip: Buffer): Buffer {
  const changed = Buffer.from(zip)
  const middle = changed.length >> 1
  changed[middle] = (changed[middle] ?? 0) ^ 1
  return changed
}

function listChecksums(packages: readonly FakePackage[], defects: Defects): string {
  const lines = packages.map(({ filename, shasum }) => `${defects.wrongChecksum === true ? sha256('other') : shasum}  ${filename}\n`)
  const listed = defects.missingLine === true ? [`${sha256('other')}  terraform-provider-unrelated.zip\n`] : lines
  return defects.blankLine === true ? `${listed.join('')}\n` : listed.join('')
}

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')
