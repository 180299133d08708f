import { ERROR_CODES, type RegistryError } from '../errors.ts'
import type { ErrorFormat } from './edge-types.ts'
import { errorPage } from './pages/error-page.ts'
import { pageHeaders, renderPage } from './pages/page.ts'

/** A rendered failure. */
export interface ErrorAnswer {
  readonly contentType: string
  readonly body: string
  /** Headers that this form needs beside its content type. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Prefix of the `type` member of problem documents; the error code follows. */
export const PROBLEM_TYPE_PREFIX = 'urn:terrace:error:'

function asProblem(error: RegistryError, requestId: string): ErrorAnswer {
  const problem = {
    type: `${PROBLEM_TYPE_PREFIX}${error.code}`,
    title: ERROR_CODES[error.code].title,
    status: error.status,
    code: error.code,
    detail: error.message,
    hint: error.hint,
    context: error.detail,
    requestId,
  }
  return { contentType: 'application/problem+json; charset=utf-8', body: JSON.stringify(problem) }
}

function asErrorList(error: RegistryError, requestId: string): ErrorAnswer {
  const errors = error.hint === undefined ? [error.message] : [error.message, error.hint]
  if (error.status >= 500) errors.push(`Request id: ${requestId}`)
  return { contentType: 'application/json; charset=utf-8', body: JSON.stringify({ errors }) }
}

function asPage(error: RegistryError, requestId: string): ErrorAnswer {
  const page = errorPage(error, requestId)
  const { 'content-type': contentType = '', ...headers } = pageHeaders(page)
  return { contentType, headers, body: renderPage(page) }
}

/**
 * Renders a failure for its reader: `protocol` as the CLIs' tools expect it, `problem` as RFC 9457 with our members `code`, `hint`,
 * `context` (structured facts) and `requestId`, `text` as one line, because the CLI prints that body raw (protocol.md 8), `page` for
 * somebody in front of a browser.
 */
export function renderError(error: RegistryError, format: ErrorFormat, requestId: string): ErrorAnswer {
  if (format === 'problem') return asProblem(error, requestId)
  if (format === 'protocol') return asErrorList(error, requestId)
  if (format === 'page') return asPage(error, requestId)
  return { contentType: 'text/plain; charset=utf-8', body: `${error.message.replaceAll(/[\r\n]+/g, ' ')}\n` }
}

const REASON_MAX_LENGTH = 120

/** The message as a reason phrase, which the CLIs print in most error texts: printable ASCII, short. Source: protocol.md 8. */
export function reasonPhrase(error: RegistryError): string {
  const text = error.code === 'INTERNAL' ? ERROR_CODES.INTERNAL.title : error.message
  return text.replaceAll(/[^\x20-\x7e]+/g, '?').slice(0, REASON_MAX_LENGTH)
}
