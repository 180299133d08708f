import type { QueryOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'

/** Flags that choose records. */
export interface AuditFilterOptions extends CommonOptions {
  readonly action?: string
  readonly actor?: string
  readonly object?: string
  readonly outcome?: string
  readonly requestId?: string
  readonly from?: string
  readonly to?: string
}

export type AuditFilter = QueryOf<'get', '/api/v1/audit/export'>

const OUTCOMES = ['allowed', 'denied', 'error'] as const

/** What the flags choose. @throws {CliError} exit code 2 for an outcome or a time that is none. */
export function readAuditFilter(options: AuditFilterOptions): AuditFilter {
  const { action, actor, object, outcome, requestId, from, to } = options
  const filter = { action, actor, object, outcome: readOutcome(outcome), request_id: requestId, from: readTime(from), to: readTime(to) }
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}

function readOutcome(text: string | undefined): (typeof OUTCOMES)[number] | undefined {
  const outcome = OUTCOMES.find((known) => known === text)
  if (text === undefined || outcome !== undefined) return outcome
  throw usageError(`Cannot choose records with outcome "${text}": the outcomes are ${OUTCOMES.join(', ')}`)
}

const TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/

/** As ISO 8601 in UTC. A day is its beginning; a time without a zone is UTC, as lists show it. */
function readTime(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const iso = text.replace(' ', 'T')
  const at = TIME.test(text) ? new Date(/Z$|[+-]\d{2}:\d{2}$/.test(iso) || !iso.includes('T') ? iso : `${iso}Z`) : new Date(Number.NaN)
  if (!Number.isNaN(at.getTime())) return at.toISOString()
  throw usageError(`Cannot use time "${text}": it is none`, 'Write a day or a time, as in 2026-03-01 or 2026-03-01T12:00:00Z')
}
