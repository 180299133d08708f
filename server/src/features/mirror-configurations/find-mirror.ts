import { decodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Actor, ScopeText } from '../../base/http/edge-types.ts'
import { mayBeyondNamespaces, mayIn } from '../access/index.ts'
import { findMirror, type MirrorRow } from './mirror-queries.ts'
import type { MirrorSettings } from './mirror-settings.ts'

/** What is to be done with a mirror, and by whom. */
export interface MirrorWish {
  readonly idOrName: string
  readonly actor: Actor
  readonly scope: ScopeText
  /** For the refusal: `sync`. */
  readonly intent: string
}

/**
 * The mirror of an id or a name, for somebody who may do this in its organisation.
 * @throws {RegistryError} MIRROR_NOT_FOUND also for one that the caller may not see, SCOPE_MISSING.
 */
export async function requireMirror(db: Db, { idOrName, actor, scope, intent }: MirrorWish): Promise<MirrorRow> {
  const row = await findMirror(db, idOrName)
  if (row === undefined || !mayIn(actor, 'mirrors:read', row.organizationId)) {
    throw new RegistryError('MIRROR_NOT_FOUND', `Cannot ${intent} mirror "${idOrName}": there is no such mirror`, {
      hint: 'GET /api/v1/admin/mirrors lists those that you may see',
    })
  }
  if (mayBeyondNamespaces(actor, scope, row.organizationId)) return row
  throw new RegistryError('SCOPE_MISSING', `Cannot ${intent} mirror "${row.name}": "${actor.name}" lacks "${scope}" in its organisation`, {
    hint: 'Ask an administrator of the organisation',
    detail: { scope },
  })
}

/** What a mirror is set to. */
export function settingsOf(row: MirrorRow): MirrorSettings {
  return {
    hostname: row.hostname,
    namespaces: decodeJson<string[]>(row.namespaces),
    providers: decodeJson<string[]>(row.providers),
    versions: decodeJson<string[]>(row.versions),
    platforms: decodeJson<string[]>(row.platforms),
    keepNewest: row.keepNewest,
    coolDownDays: row.coolDownDays,
    prereleases: row.prereleases === 1,
    intervalHours: row.intervalHours,
  }
}
