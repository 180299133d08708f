import type { UnixMs } from '../../clock.ts'

/** Which providers of upstreams may come in; the rule with the highest priority that matches decides. */
export interface MirrorPoliciesTable {
  id: string
  /** Unique, for people and for messages. */
  name: string
  /** The highest is looked at first. */
  priority: number
  /** `allow`, `deny` or `require_approval`. */
  effect: string
  /** Patterns with `*` for any characters, lower case: host name, namespace and type of the provider. */
  upstream: string
  namespace: string
  type: string
  /** Version constraint, as written; null: every version. */
  version: string | null
  /** The only organisation whose mirrors it is about; null: everybody. */
  organizationId: string | null
  /** Shown to whoever it stops; may be empty. */
  reason: string
  createdAt: UnixMs
  createdBy: string
  disabledAt: UnixMs | null
}

/** Somebody's wish for an exception: for a provider or version that needs an approval, or from the cool-down. */
export interface MirrorApprovalRequestsTable {
  id: string
  /** `approval`: for what a policy lets in only with one. `cool_down`: for a version that is too young. */
  kind: string
  hostname: string
  namespace: string
  type: string
  /** Canonical; null: every version. */
  version: string | null
  /** `pending`, `approved` or `rejected`; an approved one may be rejected later. */
  state: string
  reason: string
  requestedBy: string
  /** User id; null for whoever has none. */
  requestedById: string | null
  createdAt: UnixMs
  /** People who must approve: 1 or 2; with 2 the requester is none of them. */
  needed: number
  /** People who have approved so far. */
  approvals: number
  decidedAt: UnixMs | null
}

/** Who decided what about a request; nobody twice the same. */
export interface MirrorApprovalDecisionsTable {
  id: string
  requestId: string
  /** `approve` or `reject`. */
  decision: string
  /** User id, or the name of whoever has none. */
  actorKey: string
  actorName: string
  /** May be empty. */
  reason: string
  createdAt: UnixMs
}

/** Since when versions of upstreams are known here: what the cool-down counts from when the upstream tells no date. */
export interface MirrorSeenVersionsTable {
  id: string
  hostname: string
  namespace: string
  type: string
  /** Canonical. */
  version: string
  firstSeenAt: UnixMs
  /** As the upstream says; null when it does not. */
  publishedAt: UnixMs | null
}
