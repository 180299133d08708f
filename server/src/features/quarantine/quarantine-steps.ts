import type { ErrorCode } from '../../base/errors.ts'

/** Which part of the verification refuses what. */
export type QuarantineStep = 'shasums' | 'signature' | 'signing_key' | 'checksum' | 'content' | 'digest_change'

/** Failures that mean "this must never be served", and the step that finds them. */
const STEPS: Partial<Record<ErrorCode, QuarantineStep>> = {
  INVALID_SHASUMS: 'shasums',
  INVALID_SIGNATURE: 'signature',
  INVALID_SIGNING_KEY: 'signing_key',
  SIGNING_KEY_CONFLICT: 'signing_key',
  CHECKSUM_MISMATCH: 'checksum',
  INVALID_PACKAGE: 'content',
  PROVIDER_VERSION_EXISTS: 'digest_change',
}

/** The step whose failure the code is; `undefined` for one that says nothing about the package. */
export function stepOf(code: ErrorCode): QuarantineStep | undefined {
  return STEPS[code]
}

/**
 * Whether finding it out costs a download, or may be a sign of an attack: then nobody but an administrator causes the next try for a
 * while. The other steps come before the download and cost three small requests, and what fails there is mended elsewhere: by a
 * decision on a key, or by the publisher.
 */
export function isHeldBack(step: string): boolean {
  return step === 'checksum' || step === 'content' || step === 'digest_change'
}
