import { encodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Actor, Origin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { mayBeyondNamespaces, mayIn } from '../access/index.ts'
import { recordAudit } from '../audit/index.ts'
import { findNamespace } from '../namespaces/index.ts'
import { requireMirror, settingsOf } from './find-mirror.ts'
import type { MirrorConfigurationDeps } from './mirror-deps.ts'
import { deleteMirrorRow, findOwner, insertMirror, type MirrorRow, updateMirror } from './mirror-queries.ts'
import { type MirrorSettings, parseMirrorName, parseSettings } from './mirror-settings.ts'

type ChangeDeps = Pick<MirrorConfigurationDeps, 'database' | 'clock' | 'config' | 'queue'>

/** A mirror before it is made. */
export interface NewMirror extends MirrorSettings {
  readonly name: string
  /** Name of its owner. */
  readonly organization: string
  /** Whether the schedule runs it; the first time at once. */
  readonly enabled: boolean
}

/**
 * Makes a mirror.
 * @throws {RegistryError} RULE_BROKEN, ORGANIZATION_NOT_FOUND, SCOPE_MISSING, NAMESPACE_TAKEN, MIRROR_EXISTS
 */
export async function createMirror(deps: ChangeDeps, { by, wish }: { readonly by: Origin; readonly wish: NewMirror }): Promise<string> {
  const name = parseMirrorName(wish.name)
  const settings = checkSettings(deps, name, wish)
  const at = deps.clock.now()
  const id = newId()
  await deps.database.db.transaction().execute(async (tx) => {
    const organizationId = await requireOwner(tx, wish.organization, by.actor)
    await refuseClaimed(tx, settings)
    const schedule = { pausedAt: wish.enabled ? null : at, nextRunAt: at, runNumber: 0, currentJobId: null, failures: 0 }
    const row = { id, organizationId, name, ...columnsOf(settings), ...schedule, createdAt: at, createdBy: by.actor.name }
    if (!(await insertMirror(tx, row))) {
      throw new RegistryError('MIRROR_EXISTS', `Cannot create mirror "${name}": there is one with this name`, { hint: 'Use another name' })
    }
    await recordAudit(tx, { at, origin: by, action: 'mirror.create', object: name, details: { ...settings } })
  })
  return id
}

/** What may be changed of a mirror; its name and owner stay. */
export type MirrorChange = Partial<MirrorSettings> & { readonly enabled?: boolean }

/**
 * Changes a mirror; a run that is under way ends as it began.
 * @throws {RegistryError} MIRROR_NOT_FOUND, SCOPE_MISSING, RULE_BROKEN, NAMESPACE_TAKEN
 */
export async function changeMirror(
  deps: ChangeDeps,
  idOrName: string,
  { by, change }: { readonly by: Origin; readonly change: MirrorChange },
): Promise<void> {
  const { enabled, ...fields } = change
  const at = deps.clock.now()
  await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireMirror(tx, { idOrName, actor: by.actor, scope: 'mirrors:manage', intent: 'change' })
    const settings = checkSettings(deps, row.name, { ...settingsOf(row), ...fields })
    await refuseClaimed(tx, settings)
    await updateMirror(tx, row.id, {
      ...columnsOf(settings),
      ...scheduleOf(row, settings),
      ...(enabled !== undefined && { pausedAt: enabled ? null : (row.pausedAt ?? at) }),
    })
    await recordAudit(tx, { at, origin: by, action: 'mirror.change', object: row.name, details: { ...change } })
  })
}

/** A mirror that shall look more often does not wait for the end of its old interval. */
function scheduleOf(row: MirrorRow, { intervalHours }: MirrorSettings): { nextRunAt: number } {
  const hour = 60 * 60 * 1000
  return { nextRunAt: Math.min(row.nextRunAt, row.nextRunAt - row.intervalHours * hour + intervalHours * hour) }
}

/**
 * Removes a mirror and its history, and cancels what it runs. What it has brought stays.
 * @throws {RegistryError} MIRROR_NOT_FOUND, SCOPE_MISSING
 */
export async function deleteMirror(deps: ChangeDeps, idOrName: string, by: Origin): Promise<void> {
  await deps.database.db.transaction().execute(async (tx) => {
    const row = await requireMirror(tx, { idOrName, actor: by.actor, scope: 'mirrors:manage', intent: 'delete' })
    if (row.currentJobId !== null) await deps.queue.cancel(tx, row.currentJobId)
    await deleteMirrorRow(tx, row.id)
    await recordAudit(tx, { at: deps.clock.now(), origin: by, action: 'mirror.delete', object: row.name })
  })
}

/** Our own providers are not somebody else's: a mirror of ourselves would run in a circle. */
function checkSettings({ config }: ChangeDeps, name: string, wish: MirrorSettings): MirrorSettings {
  const { hostname, namespaces, providers, versions, platforms, keepNewest, coolDownDays, prereleases, intervalHours } = wish
  const settings = parseSettings(name, {
    hostname,
    namespaces,
    providers,
    versions,
    platforms,
    keepNewest,
    coolDownDays,
    prereleases,
    intervalHours,
  })
  const { publicUrl } = config.server
  if (publicUrl !== '' && new URL(publicUrl).hostname === settings.hostname) {
    throw new RegistryError('RULE_BROKEN', `Cannot use mirror "${name}": the upstream "${settings.hostname}" is this server itself`)
  }
  return settings
}

async function requireOwner(tx: Db, organization: string, actor: Actor): Promise<string> {
  const owner = await findOwner(tx, organization.toLowerCase())
  if (owner === undefined || !mayIn(actor, 'mirrors:read', owner.id)) {
    throw new RegistryError('ORGANIZATION_NOT_FOUND', `Cannot use organisation "${organization}": there is no such organisation`)
  }
  if (mayBeyondNamespaces(actor, 'mirrors:manage', owner.id)) return owner.id
  throw new RegistryError('SCOPE_MISSING', `Cannot create a mirror of "${owner.name}": "${actor.name}" lacks "mirrors:manage" in it`, {
    hint: 'Ask an administrator of the organisation',
    detail: { scope: 'mirrors:manage' },
  })
}

/** What is published here under a name is never asked of others (dependency confusion). */
async function refuseClaimed(tx: Db, { namespaces, providers }: MirrorSettings): Promise<void> {
  const names = new Set([...namespaces, ...providers.map((provider) => provider.split('/')[0] ?? '')])
  for (const name of names) {
    if ((await findNamespace(tx, name)) !== undefined) throw namespaceClaimed(name)
  }
}

/** The refusal of a namespace that is claimed in this registry. */
export function namespaceClaimed(name: string): RegistryError {
  return new RegistryError('NAMESPACE_TAKEN', `Cannot mirror namespace "${name}": it is claimed in this registry`, {
    hint: 'What is published here is never taken from an upstream; leave the namespace out',
  })
}

function columnsOf(settings: MirrorSettings) {
  const { hostname, namespaces, providers, versions, platforms, keepNewest, coolDownDays, prereleases, intervalHours } = settings
  return {
    hostname,
    namespaces: encodeJson(namespaces),
    providers: encodeJson(providers),
    versions: encodeJson(versions),
    platforms: encodeJson(platforms),
    keepNewest,
    coolDownDays,
    prereleases: prereleases ? 1 : 0,
    intervalHours,
  }
}
