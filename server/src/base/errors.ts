interface ErrorCodeEntry {
  /** HTTP status that every renderer sends. */
  readonly status: number
  /** What this code means, for every occurrence; the message says what happened this time. */
  readonly title: string
}

/**
 * Every expected failure of the product. The error reference (`docs/reference/errors.md`) and the responses of the OpenAPI
 * document are generated from this table. Status meanings: requirements.md C51.
 */
export const ERROR_CODES = {
  BAD_REQUEST: { status: 400, title: 'The request cannot be read' },
  INVALID_ADDRESS: { status: 400, title: 'The address is not a valid provider or module address' },
  INVALID_VERSION: { status: 400, title: 'The version is not a semantic version' },
  INVALID_DEFINITION: { status: 400, title: 'The definition file cannot be read' },
  INVALID_CONFIGURATION: { status: 400, title: 'The configuration or lock file cannot be read' },
  TOKEN_REQUIRED: { status: 401, title: 'A credential is required' },
  TOKEN_INVALID: { status: 401, title: 'The credential is not valid' },
  SIGN_IN_REFUSED: { status: 401, title: 'Wrong user name or password' },
  SETUP_TOKEN_INVALID: { status: 401, title: 'The set-up token is wrong, used or expired' },
  IDENTITY_TOKEN_REFUSED: { status: 401, title: 'The identity token is not accepted' },
  SCOPE_MISSING: { status: 403, title: 'The credential lacks the needed scope' },
  PASSWORD_WRONG: { status: 403, title: 'The current password is wrong' },
  LOCAL_ACCOUNTS_OFF: { status: 403, title: 'Nobody signs in with a password here' },
  CSRF_FAILED: { status: 403, title: 'The change may come from a foreign page' },
  SIGN_ON_REFUSED: { status: 403, title: 'The sign-in was refused' },
  LINK_INVALID: { status: 403, title: 'The download link is wrong or has expired' },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is no such address on this server' },
  PROVIDER_NOT_FOUND: { status: 404, title: 'There is no such provider' },
  PROVIDER_VERSION_NOT_FOUND: { status: 404, title: 'There is no such provider version' },
  PROVIDER_PLATFORM_NOT_FOUND: { status: 404, title: 'The provider version has no package for the platform' },
  MODULE_NOT_FOUND: { status: 404, title: 'There is no such module' },
  MODULE_VERSION_NOT_FOUND: { status: 404, title: 'There is no such module version' },
  NAMESPACE_NOT_FOUND: { status: 404, title: 'There is no such namespace' },
  ORGANIZATION_NOT_FOUND: { status: 404, title: 'There is no such organisation' },
  OBJECT_NOT_FOUND: { status: 404, title: 'There is no such stored object' },
  MIRROR_NOT_FOUND: { status: 404, title: 'There is no such mirror' },
  MIRROR_POLICY_NOT_FOUND: { status: 404, title: 'There is no such mirror policy' },
  MIRROR_APPROVAL_NOT_FOUND: { status: 404, title: 'There is no such approval request' },
  QUARANTINE_NOT_FOUND: { status: 404, title: 'There is no such package in quarantine' },
  NOTIFICATION_NOT_FOUND: { status: 404, title: 'There is no such notification' },
  POLICY_REFUSED: { status: 404, title: 'A mirror policy does not let it in' },
  IMPORT_NOT_FOUND: { status: 404, title: 'There is no such import' },
  JOB_NOT_FOUND: { status: 404, title: 'There is no such job' },
  API_KEY_NOT_FOUND: { status: 404, title: 'There is no such API key' },
  TRUST_RULE_NOT_FOUND: { status: 404, title: 'There is no such trust rule' },
  SESSION_NOT_FOUND: { status: 404, title: 'There is no such session' },
  USER_NOT_FOUND: { status: 404, title: 'There is no such user' },
  MEMBER_NOT_FOUND: { status: 404, title: 'The organisation has no such member' },
  ROLE_TEMPLATE_NOT_FOUND: { status: 404, title: 'There is no such role template' },
  SIGN_ON_METHOD_NOT_FOUND: { status: 404, title: 'There is no such way to sign in' },
  SIGNING_KEY_NOT_FOUND: { status: 404, title: 'There is no such signing key' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request took too long to arrive' },
  SETUP_DONE: { status: 409, title: 'The set-up is already done' },
  PROVIDER_VERSION_EXISTS: { status: 409, title: 'The version is published with other content' },
  PROVIDER_VERSION_SEALED: { status: 409, title: 'The version no longer takes new platforms' },
  PROVIDER_VERSION_DELETED: { status: 409, title: 'The version was deleted and cannot be published again' },
  PUBLISH_IN_PROGRESS: { status: 409, title: 'The same package is being published right now' },
  NAMESPACE_CONFLICT: { status: 409, title: 'The namespace belongs to an upstream' },
  NAMESPACE_TAKEN: { status: 409, title: 'The namespace is taken' },
  NAMESPACE_IN_USE: { status: 409, title: 'The namespace still holds something' },
  USER_EXISTS: { status: 409, title: 'The user name or e-mail address is taken' },
  LAST_ADMINISTRATOR: { status: 409, title: 'Somebody has to stay an administrator' },
  ORGANIZATION_EXISTS: { status: 409, title: 'The organisation exists already' },
  ORGANIZATION_IN_USE: { status: 409, title: 'The organisation cannot go' },
  MULTI_TENANCY_OFF: { status: 409, title: 'The registry is for one organisation' },
  MEMBER_EXISTS: { status: 409, title: 'The user is a member already' },
  ROLE_TEMPLATE_EXISTS: { status: 409, title: 'The role template exists already' },
  ROLE_TEMPLATE_IN_USE: { status: 409, title: 'Members have the role' },
  ROLE_TEMPLATE_FIXED: { status: 409, title: 'The role template comes with the product' },
  MODULE_VERSION_EXISTS: { status: 409, title: 'The version is published with other content' },
  MODULE_VERSION_DELETED: { status: 409, title: 'The version was withdrawn and cannot be published again' },
  OBJECT_EXISTS: { status: 409, title: 'The stored object belongs to something that is published' },
  TRUST_RULE_EXISTS: { status: 409, title: 'The name of the trust rule is taken' },
  MIRROR_EXISTS: { status: 409, title: 'The mirror exists already' },
  UPSTREAMS_SEALED: { status: 409, title: 'The server is sealed off from upstreams' },
  MIRROR_RUNNING: { status: 409, title: 'The mirror runs already' },
  MIRROR_POLICY_EXISTS: { status: 409, title: 'The name of the mirror policy is taken' },
  MIRROR_APPROVAL_EXISTS: { status: 409, title: 'The approval was asked for already' },
  MIRROR_APPROVAL_DECIDED: { status: 409, title: 'The request cannot be decided like that' },
  IMPORT_ENDED: { status: 409, title: 'The import is over' },
  JOB_ENDED: { status: 409, title: 'The job has ended' },
  JOB_NOT_RETRIABLE: { status: 409, title: 'The job has nothing to retry' },
  LOCK_CONFLICT: { status: 409, title: 'The lock file contradicts the configuration or what is held' },
  QUARANTINE_NOT_RELEASABLE: { status: 409, title: 'The package cannot be let out of quarantine' },
  PACKAGE_QUARANTINED: { status: 409, title: 'The package is in quarantine' },
  SIGNING_KEY_CONFLICT: { status: 409, title: 'Another signing key is pinned for the namespace' },
  MODULE_VERSION_WITHDRAWN: { status: 410, title: 'The version was withdrawn' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The request body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The content type is not supported' },
  INVALID_PACKAGE: { status: 422, title: 'The provider package breaks a rule' },
  INVALID_MODULE_ARCHIVE: { status: 422, title: 'The module archive breaks a rule' },
  INVALID_BUNDLE: { status: 422, title: 'The bundle is damaged, or is none' },
  MODULE_SOURCE_UNUSABLE: { status: 422, title: 'The source of the module cannot be fetched' },
  INVALID_SHASUMS: { status: 422, title: 'The SHA256SUMS document breaks a rule' },
  INVALID_SIGNATURE: { status: 422, title: 'The signature does not verify' },
  INVALID_SIGNING_KEY: { status: 422, title: 'The signing key cannot be used' },
  CHECKSUM_MISMATCH: { status: 422, title: 'The content does not have the expected checksum' },
  RULE_BROKEN: { status: 422, title: 'The request breaks a rule' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  STORAGE_ERROR: { status: 500, title: 'The storage gave an input or output error' },
  INTERNAL: { status: 500, title: 'An unexpected error' },
  UPSTREAM_REFUSED: { status: 502, title: 'The upstream gave an unusable answer' },
  OUTBOUND_BLOCKED: { status: 502, title: 'The outbound address is not allowed' },
  OBJECT_DAMAGED: { status: 502, title: 'The stored object is damaged' },
  STORAGE_UNAVAILABLE: { status: 503, title: 'The storage cannot take the request now' },
  DATABASE_UNAVAILABLE: { status: 503, title: 'The database does not answer' },
  NOT_READY: { status: 503, title: 'The server is starting or stopping' },
  GIT_MISSING: { status: 503, title: 'The server has no Git that it can use' },
  UPSTREAM_RATE_LIMITED: { status: 503, title: 'The upstream asks to wait' },
  UPSTREAM_UNAVAILABLE: { status: 504, title: 'The upstream does not answer' },
  STORAGE_FULL: { status: 507, title: 'The storage is full' },
} as const satisfies Record<string, ErrorCodeEntry>

export type ErrorCode = keyof typeof ERROR_CODES

export interface RegistryErrorOptions {
  /** What the reader can do next; shown to the caller. */
  readonly hint?: string
  /** Structured facts for the caller, for example expected and found digest. No secrets. */
  readonly detail?: Readonly<Record<string, unknown>>
  /** Seconds after which the same request may succeed; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

/**
 * An expected failure. The message is shown to callers: the action that failed, the object in double quotes, a colon and the
 * state, no full stop. Anything else that is thrown is a defect and becomes a logged 500.
 */
export class RegistryError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly detail: Readonly<Record<string, unknown>> | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'RegistryError'
    this.code = code
    this.hint = options.hint
    this.detail = options.detail
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  /** HTTP status of this failure. */
  get status(): number {
    return ERROR_CODES[this.code].status
  }
}
