import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import { systemOrigin } from '../../base/http/edge-types.ts'
import { recordAudit } from '../audit/index.ts'
import { withObjectClaims } from '../intake/index.ts'
import { findOrphanPrivileges } from './find-orphan-privileges.ts'
import { findLastDetails } from './orphan-queries.ts'

const ACTION = 'privilege.orphans'

/**
 * Looks for orphan privileges and writes what it found to the audit, unless that is what the last record says; so the record after one
 * with findings says when they were gone. Of several replicas one writes. Answers whether a record was written.
 */
export async function reportOrphanPrivileges({ database, clock, logger }: Pick<Deps, 'database' | 'clock' | 'logger'>): Promise<boolean> {
  const { db } = database
  try {
    return await withObjectClaims(db, { keys: ['orphan-privileges'], waitMs: 0 }, async () => {
      const { live, dormant } = await findOrphanPrivileges(db, clock.now())
      const details = { live, dormant }
      const last = await findLastDetails(db, ACTION)
      const isNews = last === undefined ? live.length + dormant.length > 0 : last !== JSON.stringify(details)
      if (!isNews) return false
      if (live.length > 0) logger.warn({ live }, 'rights were found that nobody should have; see the audit')
      await recordAudit(db, { at: clock.now(), origin: systemOrigin('privilege check'), action: ACTION, object: 'privileges', details })
      return true
    })
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'PUBLISH_IN_PROGRESS') return false
    throw error
  }
}
