import type { Db } from '../../../base/database/open-database.ts'
import { DEFAULT_ORGANIZATION_ID } from '../../../base/database/seed-rows.ts'
import { hasRegistryAdministrator, listAdministeredOrganizations } from './administrator-queries.ts'

/** Who has an administrator. */
export interface Administration {
  readonly registry: boolean
  /** Ids of organisations; empty with one tenant, where only the registry needs one. */
  readonly organizations: readonly string[]
}

/** Reads it as the transaction sees it; `lockRights` keeps it so until the commit. */
export async function readAdministration(tx: Db, multiTenant: boolean): Promise<Administration> {
  const organizations = await listAdministeredOrganizations(tx)
  // With one tenant, a role in its organisation counts in the whole registry.
  const byRole = !multiTenant && organizations.includes(DEFAULT_ORGANIZATION_ID)
  return { registry: byRole || (await hasRegistryAdministrator(tx)), organizations: multiTenant ? organizations : [] }
}

/**
 * What has lost its last administrator; `undefined` for nothing.
 * @param deletes id of an organisation that is to go: nobody has to administer it afterwards.
 */
export function whatIsLeftAlone(before: Administration, after: Administration, deletes?: string): string | undefined {
  if (before.registry && !after.registry) return 'the registry'
  const isLost = before.organizations.some((id) => id !== deletes && !after.organizations.includes(id))
  return isLost ? 'an organisation' : undefined
}
