import { usageError } from '../cli-error.ts'

const HOUR_MS = 60 * 60 * 1000
const SPANS_MS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS, w: 7 * 24 * HOUR_MS, y: 365 * 24 * HOUR_MS }

/** A moment in ISO 8601 from a span (`90d`) or a day (`2030-01-31`, to its end in UTC). @throws {CliError} exit code 2. */
export function parseExpiry(text: string, now: number): string {
  const [, count = '', unit = ''] = /^(\d{1,5})([hdwy])$/.exec(text) ?? []
  const span = Number(count) * (SPANS_MS[unit] ?? 0)
  const at = unit === '' ? endOfDay(text) : now + span
  if (Number.isNaN(at)) {
    throw usageError(`Cannot use end "${text}": it is neither a span nor a day`, 'Write 12h, 90d, 2w or 1y, or a day such as 2030-01-31')
  }
  if (at > now) return new Date(at).toISOString()
  throw usageError(`Cannot use end "${text}": it has passed`)
}

/** Not a number for anything but a day of the calendar; `Date` alone takes 30 February for 2 March. */
function endOfDay(text: string): number {
  const at = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T23:59:59Z` : 'none')
  return Number.isNaN(at) || new Date(at).toISOString().startsWith(text) ? at : Number.NaN
}
