import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename, parseShasums, shasumsFilename } from '@terrace/protocol/shasums.ts'
import { RegistryError } from '../../base/errors.ts'
import type { SpooledFile } from '../../base/spool.ts'
import { listCandidateKeys, type TrustDeps } from '../trust/index.ts'
import { readSigningKey, type VerifiedSignature, verifyShasumsSignature } from '../verification/index.ts'

/** The publisher's own checksum list and signature, as GoReleaser makes them. */
export interface PublisherSignature {
  /** Exact bytes of SHA256SUMS. */
  readonly shasums: Uint8Array
  /** Exact bytes of the binary detached signature. */
  readonly signature: Uint8Array
  /** Armored public key, when the publisher sends it along. */
  readonly signingKey: string | undefined
}

interface Signed {
  readonly address: ProviderAddress
  readonly version: string
  readonly packages: readonly { readonly platform: Platform; readonly file: Pick<SpooledFile, 'sha256'> }[]
}

/**
 * Checks that a trusted key of the namespace signed the list and that the list names exactly these packages.
 *
 * @returns the signature with its key; {@link trustSigningKey} decides on it once the packages have passed too.
 * @throws {RegistryError} INVALID_SHASUMS, INVALID_SIGNATURE, INVALID_SIGNING_KEY, CHECKSUM_MISMATCH
 */
export async function verifyPublisherSignature(deps: TrustDeps, input: Signed, signed: PublisherSignature): Promise<VerifiedSignature> {
  checkShasums(input, signed.shasums)
  const sent = signed.signingKey === undefined ? [] : [(await readSigningKey(signed.signingKey)).asciiArmor]
  const keys = await listCandidateKeys(deps, { provider: input.address, announced: sent })
  if (keys.length === 0) {
    throw new RegistryError(
      'INVALID_SIGNATURE',
      `Cannot verify the signature for namespace "${input.address.namespace}": no signing key is known`,
      {
        hint: 'Send the public key along: terrace provider publish DIR --key FILE',
      },
    )
  }
  return verifyShasumsSignature({
    shasums: signed.shasums,
    signature: signed.signature,
    keys,
    now: deps.clock.now(),
    expiredKeys: 'refuse',
  })
}

function checkShasums({ address, version, packages }: Signed, bytes: Uint8Array): void {
  const { type } = address
  const name = shasumsFilename({ type, version })
  const { checksums, problems } = parseShasums(bytes)
  const [problem] = problems
  if (problem !== undefined) {
    throw new RegistryError('INVALID_SHASUMS', `Cannot accept "${name}": line ${problem.line}: ${problem.message}`, {
      hint: 'Write one line per file, "<sha256>  <name>", without blank or comment lines: clients fail or crash on others',
    })
  }
  for (const { platform, file } of packages) {
    const filename = expectedPackageFilename({ type, version, ...platform })
    const listed = checksums.get(filename)
    if (listed === file.sha256) continue
    throw new RegistryError('CHECKSUM_MISMATCH', `Cannot accept "${filename}": it is not the file that "${name}" lists`, {
      hint: 'Send the files of one build together',
      detail: { expected: listed ?? null, found: file.sha256 },
    })
  }
}
