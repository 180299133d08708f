import type { UnixMs } from '../../../base/clock.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { readAdministration, whatIsLeftAlone } from '../../organizations/index.ts'
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
  /** Roles that the groups no longer give and that stay all the same, because nobody else administers the place: `acme/admin`. */
  readonly kept: readonly string[]
  /** Organisations and roles that the settings name and that do not exist: `acme/publisher`. */
  readonly missing: readonly string[]
}

/** Whose roles, and by which groups. */
export interface SyncRoles {
  readonly userId: string
  readonly provider: SignOnProvider
  readonly identity: SignOnIdentity
  readonly at: UnixMs
  readonly multiTenant: boolean
}

interface WantedRole {
  readonly organizationId: string
  readonly roleTemplateId: string
  readonly organization: string
  readonly role: string
}

/**
 * Makes the roles that an issuer gives what the groups say now: adds, changes and takes away (reliability.md row 27). A role that
 * was given by hand, or by another issuer, stays as it is and counts before the groups; so does the role of a last administrator.
 * The caller holds the lock of `lockRights`.
 */
export async function syncRoles(tx: Db, input: SyncRoles): Promise<RoleSync> {
  const { wanted, missing } = await resolveRoles(tx, input)
  const held = await listRoles(tx, input.userId)
  const changes: RoleChange[] = []
  const kept: string[] = []
  for (const step of [...giveRoles(tx, input, { wanted, held }), ...takeRoles(tx, input, { wanted, held })]) {
    if (await unlessLast(tx, input, step)) changes.push(step.told)
    else kept.push(step.current)
  }
  return { changes, kept, missing }
}

/** One change of a role, and the way back. */
interface Step {
  readonly told: RoleChange
  /** What stays when the step is undone: `acme/admin`. */
  readonly current: string
  readonly change: () => Promise<void>
  readonly undo: () => Promise<void>
}

interface Roles {
  readonly wanted: ReadonlyMap<string, WantedRole>
  readonly held: Awaited<ReturnType<typeof listRoles>>
}

function* giveRoles(tx: Db, { userId, identity, at }: SyncRoles, { wanted, held }: Roles): Generator<Step> {
  for (const { organizationId, roleTemplateId, organization, role } of wanted.values()) {
    const current = held.find((member) => member.organizationId === organizationId)
    const key = { userId, organizationId, grantedBy: identity.issuer }
    if (current === undefined) {
      yield {
        told: { action: 'organization_member.add', organization, role },
        current: '',
        change: () => insertRole(tx, { ...key, roleTemplateId, createdAt: at }),
        undo: () => deleteRole(tx, key),
      }
    } else if (current.grantedBy === identity.issuer && current.roleTemplateId !== roleTemplateId) {
      yield {
        told: { action: 'organization_member.update', organization, role },
        current: `${organization}/${current.role}`,
        change: () => updateRole(tx, key, roleTemplateId),
        undo: () => updateRole(tx, key, current.roleTemplateId),
      }
    }
  }
}

function* takeRoles(tx: Db, { userId, identity }: SyncRoles, { wanted, held }: Roles): Generator<Step> {
  for (const { organizationId, roleTemplateId, createdAt, grantedBy, organization, role } of held) {
    if (grantedBy !== identity.issuer || wanted.has(organizationId)) continue
    const key = { userId, organizationId, grantedBy }
    yield {
      told: { action: 'organization_member.remove', organization, role },
      current: `${organization}/${role}`,
      change: () => deleteRole(tx, key),
      undo: () => insertRole(tx, { ...key, roleTemplateId, createdAt }),
    }
  }
}

/** `false` when the change would take the last administrator away: it is undone then. */
async function unlessLast(tx: Db, { multiTenant }: SyncRoles, { change, undo }: Step): Promise<boolean> {
  const before = await readAdministration(tx, multiTenant)
  await change()
  if (whatIsLeftAlone(before, await readAdministration(tx, multiTenant)) === undefined) return true
  await undo()
  return false
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
