import { RegistryError } from '../../../base/errors.ts'
import { explainUpstreamFailure, type FailedStep } from '../../pull-through/index.ts'
import { displayIdentity, type ModuleIdentity } from '../upstream-module.ts'

const MAX_SHOWN = 200
const WAY_OUT = 'Publish the module here with "terrace module publish", or call it from where it is'

/** A source for messages and records: on one line, without query and credentials. */
export function displaySource(text: string): string {
  const plain = text.replace(/\?.*$/s, '').replace(/\/\/[^/@]*@/g, '//')
  return plain.replace(/[^\x20-\x7e]+/g, '?').slice(0, MAX_SHOWN)
}

/**
 * What cannot be fetched, and never by trying again. It is no fault that a client should wait out: Terraform prints the text of such an
 * answer and nothing else (protocol.md 8), so the text also says what to do.
 */
export function unusableSource(identity: ModuleIdentity, { source, state, cause }: UnusableFacts): RegistryError {
  const from = source === undefined ? '' : ` from ${JSON.stringify(displaySource(source))}`
  return new RegistryError('MODULE_SOURCE_UNUSABLE', `Cannot fetch module ${displayIdentity(identity)}${from}: ${state}. ${WAY_OUT}`, {
    hint: WAY_OUT,
    detail: { upstream: identity.module.hostname, ...(source !== undefined && { source: displaySource(source) }), ...cause?.detail },
    ...(cause !== undefined && { cause }),
  })
}

interface UnusableFacts {
  /** As the upstream gave it. */
  readonly source?: string | undefined
  /** A clause. */
  readonly state: string
  readonly cause?: RegistryError
}

/** For messages. */
export function stepOf(identity: ModuleIdentity, step: 'module_source' | 'module'): FailedStep {
  return { action: `fetch module ${displayIdentity(identity)}`, hostname: identity.module.hostname, step }
}

const FINAL_CODES: ReadonlySet<string> = new Set(['UPSTREAM_REFUSED', 'OUTBOUND_BLOCKED', 'CHECKSUM_MISMATCH', 'INVALID_MODULE_ARCHIVE'])

/** Whether a fetch that failed so fails again: an archive that is too large stays so, and costs a download each time. */
export const isFinalFailure = (code: string): boolean => FINAL_CODES.has(code)

/** The failure of a fetch, for whoever waits for it: what passes may be tried again, the rest is final. */
export function explainFetch(identity: ModuleIdentity, failure: RegistryError): unknown {
  if (isFinalFailure(failure.code)) return unusableSource(identity, { state: lowerFirst(failure.message), cause: failure })
  return explainUpstreamFailure(failure, stepOf(identity, 'module'))
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
