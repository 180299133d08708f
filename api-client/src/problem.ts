/** A refusal as the API sends it: RFC 9457 with members of this product. Source: docs/reference/errors.md */
export interface Problem {
  /** Name of the failure, one of docs/reference/errors.md. */
  readonly code: string
  readonly status: number
  /** What failed, for people: `Cannot <action> "<object>": <state>`. */
  readonly detail: string
  /** What to do next. */
  readonly hint?: string
  /** Structured facts. */
  readonly context?: Readonly<Record<string, unknown>>
  /** Under which the server has logged the request. */
  readonly requestId: string
}

/** Whether parsed JSON is a problem document of this API; one of a proxy in between is not. */
export function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false
  const { code, detail, status, hint } = value as Partial<Record<keyof Problem, unknown>>
  const hasTexts = typeof code === 'string' && typeof detail === 'string'
  return hasTexts && typeof status === 'number' && (hint === undefined || typeof hint === 'string')
}
