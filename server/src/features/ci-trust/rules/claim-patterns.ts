import { fitsPattern } from '../../../base/fits-pattern.ts'

/** Claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>

/** Claim → pattern: exact text, or text with `*` for any run of characters. Case counts. */
export type ClaimPatterns = Readonly<Record<string, string>>

/** One claim of a token against what a rule says about it. */
export interface ClaimCheck {
  readonly claim: string
  readonly expected: string
  /** As the token has it; null when it has none. */
  readonly found: string | null
  readonly matched: boolean
}

const MAX_SHOWN = 500

/** Compares one claim; of a list one element must fit. */
export function checkClaim(claims: Claims, claim: string, pattern: string): ClaimCheck {
  const value = claims[claim]
  return { claim, expected: pattern, found: shownValue(value), matched: textsOf(value).some((text) => fitsPattern(pattern, text)) }
}

/** A token that is for others as well may be passed on by them; so every audience must be the rule's. */
export function checkAudience(claims: Claims, audience: string): ClaimCheck {
  const texts = textsOf(claims.aud)
  const matched = texts.length > 0 && texts.every((text) => text === audience)
  return { claim: 'aud', expected: audience, found: shownValue(claims.aud), matched }
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string')
  if (typeof value === 'string') return [value]
  return typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : []
}

function shownValue(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, MAX_SHOWN)
}
