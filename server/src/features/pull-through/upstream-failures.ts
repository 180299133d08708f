import { RegistryError } from '../../base/errors.ts'

/** Longest wait that a client is asked for: it sits there without a word (protocol.md 8.6). */
const MAX_CLIENT_WAIT_SECONDS = 5

/** What failed, for whoever waits for it. */
export interface FailedStep {
  /** Completes `Cannot …`, with the object in quotes. */
  readonly action: string
  readonly hostname: string
  /** Which of the requests to the upstream. */
  readonly step: 'version_list' | 'checksum_list' | 'package' | 'module_source' | 'module'
}

const PASSED_ON = ['UPSTREAM_UNAVAILABLE', 'UPSTREAM_RATE_LIMITED', 'UPSTREAM_REFUSED', 'OUTBOUND_BLOCKED'] as const
type PassedOn = (typeof PASSED_ON)[number]

const isPassedOn = (code: string): code is PassedOn => PASSED_ON.some((known) => known === code)

/**
 * A failure on the way to an upstream, for the client that waits: which upstream, which step, and when to come again. What failed
 * a check is 502; what is no fault of the upstream is passed through. Source: reliability.md F15 to F22.
 */
export function explainUpstreamFailure(error: unknown, failed: FailedStep): unknown {
  if (!(error instanceof RegistryError)) return error
  const code = isPassedOn(error.code) ? error.code : REFUSED_CODES.has(error.code) ? 'UPSTREAM_REFUSED' : undefined
  return code === undefined ? error : upstreamFailure(code, failed, { cause: error, state: describeState(error) })
}

/** What is said of a signature says nothing without the word. */
function describeState({ code, message }: RegistryError): string {
  const state = stateOf(message)
  return code === 'INVALID_SIGNATURE' ? `the signature of its checksum list is refused, ${state}` : state
}

/** Codes of packages and lists that did not pass the verification. */
export const REFUSED_CODES: ReadonlySet<string> = new Set([
  'INVALID_SHASUMS',
  'INVALID_SIGNATURE',
  'INVALID_SIGNING_KEY',
  'SIGNING_KEY_CONFLICT',
  'CHECKSUM_MISMATCH',
  'INVALID_PACKAGE',
  'INVALID_MODULE_ARCHIVE',
  'PROVIDER_VERSION_EXISTS',
  'PACKAGE_QUARANTINED',
])

/** The failure of a step, in the words of `state`. */
export function upstreamFailure(
  code: PassedOn,
  { action, hostname, step }: FailedStep,
  { state, cause, retryAfterSeconds = cause?.retryAfterSeconds }: FailureFacts,
): RegistryError {
  const passing = code === 'UPSTREAM_UNAVAILABLE' || code === 'UPSTREAM_RATE_LIMITED'
  const seconds = Math.min(retryAfterSeconds ?? MAX_CLIENT_WAIT_SECONDS, MAX_CLIENT_WAIT_SECONDS)
  return new RegistryError(code, `Cannot ${action} from upstream "${hostname}": ${state}`, {
    hint: passing
      ? 'Try again; what is held here is served while the upstream is away'
      : 'An administrator finds the evidence in the quarantine and in the job',
    detail: { upstream: hostname, step, ...(retryAfterSeconds !== undefined && { upstream_retry_after_seconds: retryAfterSeconds }) },
    ...(passing && { retryAfterSeconds: seconds }),
    ...(cause !== undefined && { cause }),
  })
}

interface FailureFacts {
  readonly state: string
  readonly cause?: RegistryError
  readonly retryAfterSeconds?: number | undefined
}

/** What follows the colon of a message: the object before it is named anew. */
export function stateOf(message: string): string {
  const colon = message.indexOf('": ')
  return colon === -1 ? message : message.slice(colon + '": '.length)
}
