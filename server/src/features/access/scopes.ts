import { RegistryError } from '../../base/errors.ts'
import type { ScopeText } from '../../base/http/edge-types.ts'

/** Every scope, with what it lets its holder do. Source: requirements.md RBA-02, RBA-14, C28, C29. */
export const SCOPES = {
  'modules:read': 'See and install modules that are not public.',
  'modules:write': 'Publish modules and change their versions.',
  'providers:read': 'See and install providers that are not public.',
  'providers:write': 'Publish providers and change their versions.',
  'mirrors:read': 'See mirrors, their jobs and quarantined packages.',
  'mirrors:manage': 'Load providers from upstreams and decide about signing keys.',
  'storage:read': 'See storage settings and use.',
  'storage:write': 'Remove and move stored objects.',
  'storage:manage': 'Change storage settings.',
  'users:read': 'See users and their API keys.',
  'users:manage': 'Create, change and disable users.',
  'audit:read': 'Read the audit.',
  admin: 'Everything.',
} as const satisfies Record<string, string>

/** The name of a scope. */
export type Scope = keyof typeof SCOPES

const ALL_SCOPES = Object.keys(SCOPES) as Scope[]
const ADMIN_SYNONYM = 'admin:*'

// What else a verb of the same noun allows (RBA-03).
const IMPLIED_VERBS: Readonly<Record<string, readonly string[]>> = { write: ['read'], manage: ['read', 'write'] }

/** Whether a scope of this name exists; the synonym `admin:*` is none, it becomes `admin` when scopes are read. */
export function isScope(text: string): text is Scope {
  return Object.hasOwn(SCOPES, text)
}

function implies(held: string, needed: string): boolean {
  if (held === needed || held === 'admin' || held === ADMIN_SYNONYM) return true
  const [heldNoun, heldVerb = ''] = held.split(':')
  const [neededNoun, neededVerb = ''] = needed.split(':')
  return heldNoun === neededNoun && (IMPLIED_VERBS[heldVerb]?.includes(neededVerb) ?? false)
}

/** Whether the held scopes allow what the needed one stands for: write and manage imply read, `admin` implies all. */
export function hasScope(held: readonly string[], needed: ScopeText): boolean {
  return held.some((scope) => implies(scope, needed))
}

/** Whether at least one of the needed scopes is allowed; false for an empty list. */
export function hasAnyScope(held: readonly string[], needed: readonly ScopeText[]): boolean {
  return needed.some((scope) => hasScope(held, scope))
}

/** Whether all of the needed scopes are allowed; true for an empty list. */
export function hasAllScopes(held: readonly string[], needed: readonly ScopeText[]): boolean {
  return needed.every((scope) => hasScope(held, scope))
}

/**
 * Scopes as they are stored: known, each once, sorted.
 *
 * @throws {RegistryError} RULE_BROKEN naming the unknown ones.
 */
export function parseScopes(texts: readonly string[]): Scope[] {
  const names = texts.map((text) => (text === ADMIN_SYNONYM ? 'admin' : text))
  const unknown = names.filter((name) => !isScope(name))
  if (unknown.length > 0) {
    throw new RegistryError('RULE_BROKEN', `Cannot use scope "${unknown.join('", "')}": there is no such scope`, {
      hint: `Scopes are ${ALL_SCOPES.join(', ')}`,
      detail: { unknown },
    })
  }
  return [...new Set(names.filter(isScope))].sort()
}

/**
 * What a credential with `granted` scopes may still do when its owner holds `owned` ones: the part that both allow. Worked out at
 * each use, so that a key never outlives the rights of its owner (reliability.md row 27).
 */
export function narrowScopes(granted: readonly string[], owned: readonly string[]): Scope[] {
  return ALL_SCOPES.filter((scope) => hasScope(granted, scope) && hasScope(owned, scope))
}
