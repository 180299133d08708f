import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { type AuditEntry, recordAudit } from '../../audit/index.ts'
import type { OrganizationDeps } from '../organization-deps.ts'
import { readAdministration, whatIsLeftAlone } from './administration.ts'
import { lockRights } from './administrator-queries.ts'

/** What a change of rights leaves in the audit; a change may answer more than this. */
export type RecordedChange = Pick<AuditEntry, 'action' | 'object' | 'details'>

/** A wish to change who may do what. */
export interface RightsChange<Done extends RecordedChange> {
  /** For the refusal: `disable user "ada"`. */
  readonly intent: string
  readonly origin: Origin
  /** Id of an organisation that is to go: nobody has to administer it afterwards. */
  readonly deletes?: string
  readonly change: (tx: Db, at: UnixMs) => Promise<Done>
}

/**
 * Runs a change of who may do what, and records it, in one transaction that has all such changes to itself: what it has checked
 * still holds when it writes, and two that are each harmless cannot together take the last administrator away.
 *
 * @returns what the change answered.
 * @throws {RegistryError} LAST_ADMINISTRATOR when nobody would administer the registry any more or, with several tenants, an
 *   organisation that somebody administered; whatever the change throws. Nothing is changed then.
 */
export async function changeRights<Done extends RecordedChange>(deps: OrganizationDeps, wish: RightsChange<Done>): Promise<Done> {
  const at = deps.clock.now()
  const multiTenant = deps.config.multiTenancy.enabled
  return await deps.database.db.transaction().execute(async (tx) => {
    await lockRights(tx)
    const before = await readAdministration(tx, multiTenant)
    const done = await wish.change(tx, at)
    const after = await readAdministration(tx, multiTenant)
    const alone = whatIsLeftAlone(before, after, wish.deletes)
    if (alone !== undefined) throw lastAdministrator(wish.intent, alone)
    const { action, object, details } = done
    await recordAudit(tx, { at, origin: wish.origin, action, object, ...(details !== undefined && { details }) })
    return done
  })
}

function lastAdministrator(intent: string, what: string): RegistryError {
  return new RegistryError('LAST_ADMINISTRATOR', `Cannot ${intent}: nobody else administers ${what}`, {
    hint: 'Make somebody else an administrator first',
  })
}
