import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { SignOnIdentity } from '../identity-claims.ts'
import type { SignOnProvider } from '../sign-on-providers.ts'
import { deleteRole, findRole, insertRole, listRoles, updateRole } from './membership-queries.ts'

const DEFAULT_ORGANIZATION = 'default'

/** A change of somebody's role, for the audit. */
export interface RoleChange {
  readonly action: 'organization_member.add' | 'organization_member.update' | 'organization_member.remove'
  readonly organization: string
  readonly role: string
}

/** What the groups of somebody mean here. */
export interface RoleSync {
  readonly changes: readonly RoleChange[]
  /** Organisations and roles that the settings name and that do not exist: `acme/publisher`. */
  readonly missing: readonly string[]
}

/** Whose roles, and by which groups. */
export interface SyncRoles {
  readonly userId: string
  readonly provider: SignOnProvider
  readonly identity: SignOnIdentity
  readonly at: UnixMs
}

interface WantedRole {
  readonly organizationId: string
  readonly roleTemplateId: string
  readonly organization: string
  readonly role: string
}

/**
 * Makes the roles that an issuer gives what the groups say now: adds, changes and takes away (reliability.md row 27). A role that
 * was given by hand, or by another issuer, stays as it is and counts before the groups.
 */
export async function syncRoles(tx: Db, input: SyncRoles): Promise<RoleSync> {
  const { userId, identity, at } = input
  const { wanted, missing } = await resolveRoles(tx, input)
  const held = await listRoles(tx, userId)
  const changes: RoleChange[] = []
  for (const { organizationId, roleTemplateId, organization, role } of wanted.values()) {
    const current = held.find((member) => member.organizationId === organizationId)
    if (current === undefined) {
      await insertRole(tx, { userId, organizationId, roleTemplateId, createdAt: at, grantedBy: identity.issuer })
      changes.push({ action: 'organization_member.add', organization, role })
    } else if (current.grantedBy === identity.issuer && current.roleTemplateId !== roleTemplateId) {
      await updateRole(tx, { userId, organizationId, grantedBy: identity.issuer }, roleTemplateId)
      changes.push({ action: 'organization_member.update', organization, role })
    }
  }
  for (const { organizationId, grantedBy, organization, role } of held) {
    if (grantedBy !== identity.issuer || wanted.has(organizationId)) continue
    await deleteRole(tx, { userId, organizationId, grantedBy })
    changes.push({ action: 'organization_member.remove', organization, role })
  }
  return { changes, missing }
}

/** The first group counts where several lead to one organisation; the default role comes after all groups. */
async function resolveRoles(tx: Db, { provider, identity }: SyncRoles) {
  const { groupRoles, defaultRole } = provider
  const byGroup = groupRoles.filter(({ group }) => identity.groups.includes(group))
  const names = defaultRole === undefined ? byGroup : [...byGroup, { organization: DEFAULT_ORGANIZATION, role: defaultRole }]
  const wanted = new Map<string, WantedRole>()
  const missing: string[] = []
  for (const { organization, role } of names) {
    const found = await findRole(tx, organization.toLowerCase(), role)
    if (found === undefined) missing.push(`${organization}/${role}`)
    else if (!wanted.has(found.organizationId)) wanted.set(found.organizationId, { ...found, organization, role })
  }
  return { wanted, missing }
}
