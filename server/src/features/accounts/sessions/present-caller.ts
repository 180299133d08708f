import type { FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import type { Db } from '../../../base/database/open-database.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../../base/database/seed-rows.ts'
import { csrfTokenOf } from '../../../base/http/csrf.ts'
import type { Actor } from '../../../base/http/edge-types.ts'
import { isCookieSession } from '../../../base/http/session-cookie.ts'
import type { CallerView } from '../account-views.ts'
import { listCallerOrganizations } from './caller-queries.ts'

/** Whose credential a request has, and what it is worth where. */
export async function presentCaller(
  db: Db,
  request: Pick<FastifyRequest, 'actor'> & Parameters<typeof isCookieSession>[0],
  csrfKey: Uint8Array,
): Promise<Static<typeof CallerView>> {
  const { kind, id, name, scopes, credentialId } = request.actor
  const caller = { kind, user_id: id, name, scopes: [...scopes], organizations: await organizationsOf(db, request.actor) }
  return isCookieSession(request) ? { ...caller, csrf_token: csrfTokenOf(csrfKey, credentialId ?? '') } : caller
}

/** With several tenants each grant is one; with one tenant it is the default organisation, where the role counts everywhere. */
async function organizationsOf(db: Db, { id, scopes, grants }: Actor) {
  const ids = grants.length > 0 ? grants.map(({ organizationId }) => organizationId) : [DEFAULT_ORGANIZATION_ID]
  const rows = await listCallerOrganizations(db, ids, id)
  const own = grants.length > 0 ? rows : rows.filter(({ role }) => role !== null)
  return own.map((row) => ({
    name: row.name,
    display_name: row.displayName,
    role: row.role,
    scopes: [...(grants.find(({ organizationId }) => organizationId === row.id)?.scopes ?? scopes)],
  }))
}
