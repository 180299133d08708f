import type { Actor } from '../../base/http/edge-types.ts'
import { hasScope, narrowScopes, type Scope } from '../access/index.ts'

/** How much the token may do, as chosen on the page. */
export type LoginAccess = 'read' | 'publish' | 'everything'

/** One choice of the page. */
export interface AccessChoice {
  readonly access: LoginAccess
  /** Scopes that the token gets; at each use narrowed to what its owner holds then. */
  readonly scopes: readonly Scope[]
}

const READ: readonly Scope[] = ['modules:read', 'providers:read']
const PUBLISH: readonly Scope[] = ['modules:write', 'providers:write']

/**
 * What somebody can choose from, the least first: reading is all that `terraform init` needs. Publishing is offered to who may
 * publish something somewhere, everything to who may do more than that.
 */
export function listAccessChoices(actor: Pick<Actor, 'scopes' | 'grants'>): readonly AccessChoice[] {
  const held = [...new Set([...actor.scopes, ...actor.grants.flatMap(({ scopes }) => scopes)])]
  const write = PUBLISH.filter((scope) => hasScope(held, scope))
  const publish = [...READ, ...write].sort()
  const everything: readonly Scope[] = hasScope(held, 'admin') ? ['admin'] : narrowScopes(['admin'], held)
  const offersMore = everything.some((scope) => !hasScope(publish, scope))
  return [
    { access: 'read', scopes: READ },
    ...(write.length > 0 ? [{ access: 'publish', scopes: publish } as const] : []),
    ...(offersMore ? [{ access: 'everything', scopes: everything } as const] : []),
  ]
}

/** The scopes of a choice that was offered; `undefined` for any other text. */
export function scopesOfChoice(actor: Pick<Actor, 'scopes' | 'grants'>, access: string | undefined): readonly Scope[] | undefined {
  return listAccessChoices(actor).find((choice) => choice.access === access)?.scopes
}
