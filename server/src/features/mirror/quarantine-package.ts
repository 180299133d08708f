import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { encodeJson } from '../../base/database/columns.ts'
import { type ErrorCode, RegistryError } from '../../base/errors.ts'
import { systemOrigin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { recordAudit } from '../audit/index.ts'
import { notify } from '../notifications/index.ts'
import type { PackageDocument } from '../upstreams/index.ts'
import type { MirrorDeps } from './mirror-deps.ts'
import { type PackageIdentity, upsertQuarantinedPackage } from './quarantine-queries.ts'

/** Failures that mean "this must never be served", and the step of the verification that finds them. */
const STEPS: Partial<Record<ErrorCode, string>> = {
  INVALID_SHASUMS: 'shasums',
  INVALID_SIGNATURE: 'signature',
  INVALID_SIGNING_KEY: 'signing_key',
  SIGNING_KEY_CONFLICT: 'signing_key',
  CHECKSUM_MISMATCH: 'checksum',
  INVALID_PACKAGE: 'content',
  PROVIDER_VERSION_EXISTS: 'digest_change',
}

/** Runs a verification and keeps the evidence of what fails it; the failure goes on to the job either way. */
export async function quarantineOnFailure<T>(
  deps: MirrorDeps,
  subject: { readonly wanted: PackageIdentity; readonly document: PackageDocument },
  verify: () => Promise<T>,
): Promise<T> {
  try {
    return await verify()
  } catch (error) {
    if (error instanceof RegistryError && STEPS[error.code] !== undefined) await quarantine(deps, subject, error)
    throw error
  }
}

async function quarantine(
  { database, clock, logger }: MirrorDeps,
  { wanted, document }: { readonly wanted: PackageIdentity; readonly document: PackageDocument },
  error: RegistryError,
): Promise<void> {
  const step = STEPS[error.code] ?? 'unknown'
  const { address, version, platform } = wanted
  const [provider, platformText] = [formatProviderAddress(address), formatPlatform(platform)]
  logger.error({ provider, version, platform: platformText, step, code: error.code }, `package quarantined: ${error.message}`)
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    await upsertQuarantinedPackage(tx, {
      id: newId(),
      ...address,
      version,
      ...platform,
      step,
      code: error.code,
      message: error.message,
      evidence: encodeJson({ ...error.detail, announced: announcedIn(document) }),
      upstreamUrl: document.downloadUrl,
      createdAt: at,
    })
    const subject = `${provider} ${version} ${platformText}`
    await notify(tx, {
      at,
      kind: 'package_quarantined',
      subject,
      message: error.message,
      hint: 'Look at the evidence, then decide: terrace quarantine list',
      dedupeKey: causeOf(step, wanted),
    })
    await recordAudit(tx, {
      at,
      origin: systemOrigin('mirror'),
      action: 'provider_package.quarantine',
      object: subject,
      outcome: 'error',
      details: { step, code: error.code },
    })
  })
}

/** What one finding is about: a key signs for a whole namespace and a list is of a whole version; nobody wants a letter per package. */
function causeOf(step: string, { address, version, platform }: PackageIdentity): string {
  if (step === 'signing_key') return `${step} ${address.hostname}/${address.namespace}`
  const name = `${step} ${formatProviderAddress(address)} ${version}`
  return step === 'shasums' || step === 'signature' ? name : `${name} ${formatPlatform(platform)}`
}

function announcedIn(document: PackageDocument) {
  return {
    filename: document.filename,
    shasum: document.shasum,
    shasums_url: document.shasumsUrl,
    signature_url: document.signatureUrl,
    key_ids: document.signingKeys.map(({ keyId }) => keyId),
  }
}
