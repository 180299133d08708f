import { type Static, Type } from 'typebox'
import type { SessionRow } from './session-queries.ts'

const Time = Type.String({ description: 'ISO 8601, UTC.' })

/** A session in a list; its token is shown to nobody again. */
export const ListedSessionView = Type.Object({
  id: Type.String(),
  created_at: Time,
  expires_at: Time,
  ip: Type.String({ description: 'Address that signed in.' }),
  user_agent: Type.String(),
  current: Type.Boolean({ description: 'Whether it is the session of this request.' }),
})

/** How many sessions were ended. */
export const RevokedSessionsView = Type.Object({ sessions_revoked: Type.Integer() })

/**
 * Row → view.
 * @param currentId session of the request, if it has one.
 */
export function presentListedSession(row: SessionRow, currentId: string | null): Static<typeof ListedSessionView> {
  return {
    id: row.id,
    created_at: new Date(row.createdAt).toISOString(),
    expires_at: new Date(row.expiresAt).toISOString(),
    ip: row.ip,
    user_agent: row.userAgent,
    current: row.id === currentId,
  }
}
