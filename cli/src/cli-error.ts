/** Exit codes of the executable. Source: ux.md 6. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, denied: 4, conflict: 5, unavailable: 6 } as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface CliErrorOptions {
  /** Default: `EXIT.failed`. */
  readonly exitCode?: ExitCode
  /** What the reader can do next. */
  readonly hint?: string | undefined
  /** Name of the server's refusal. Source: docs/reference/errors.md */
  readonly code?: string | undefined
  /** Facts that belong to the message, a line each. */
  readonly facts?: readonly string[]
  /** Id under which the server has logged the request. */
  readonly requestId?: string | undefined
  readonly cause?: unknown
}

/**
 * An expected failure of a command. The message is shown to people as it is: `Cannot <action> "<object>": <state>`, no full stop.
 * Anything else that is thrown is a defect.
 */
export class CliError extends Error {
  readonly exitCode: ExitCode
  readonly hint: string | undefined
  readonly code: string | undefined
  readonly facts: readonly string[]
  readonly requestId: string | undefined

  constructor(message: string, options: CliErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CliError'
    this.exitCode = options.exitCode ?? EXIT.failed
    this.hint = options.hint
    this.code = options.code
    this.facts = options.facts ?? []
    this.requestId = options.requestId
  }
}

/** A command that was called wrongly: exit code 2. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError(message, { exitCode: EXIT.usage, hint })
}
