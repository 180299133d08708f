import type { Clock } from '../../base/clock.ts'
import type { Sealer } from '../../base/secrets/sealer.ts'

/** Parts that codes of refusal need. */
export interface RefusalDeps {
  readonly secrets: Sealer
  readonly clock: Clock
}

const PURPOSE = 'terraform login refusal'
const PREFIX = 'refused.'
const LIFE_MS = 120_000

/**
 * A code that stands for "no". The CLI waits for ever when the browser brings it an error, but ends cleanly when a code is refused
 * by the token endpoint (protocol.md 5.2, E08, E08e). The reason is sealed into the code itself: nothing is stored, so that nobody
 * can fill the database with refused requests, and a login ends as cleanly while the database is away.
 *
 * @param reason for the terminal: printable ASCII without quotes and backslash (RFC 6749, section 5.2).
 */
export function createRefusalCode({ secrets, clock }: RefusalDeps, reason: string): string {
  return PREFIX + secrets.seal(JSON.stringify({ reason, expiresAt: clock.now() + LIFE_MS }), PURPOSE)
}

/** The reason in a code of refusal that we made lately; `undefined` for any other text. */
export function readRefusalCode({ secrets, clock }: RefusalDeps, code: string): string | undefined {
  if (!code.startsWith(PREFIX)) return undefined
  const text = unsealed(secrets, code.slice(PREFIX.length))
  if (text === undefined) return undefined
  const { reason, expiresAt } = JSON.parse(text) as { reason: string; expiresAt: number }
  return expiresAt > clock.now() ? reason : undefined
}

function unsealed(secrets: Sealer, text: string): string | undefined {
  try {
    return secrets.unseal(text, PURPOSE)
  } catch {
    // Whoever sends it has made it up or changed it.
    return undefined
  }
}
