import type { Actor, ScopeText } from '../../base/http/edge-types.ts'
import { mayIn, organizationsWhere } from '../access/index.ts'
import type { NamespaceReader, NamespaceRow } from './namespace-queries.ts'

/** What is read in a namespace. */
export type NamespaceScope = 'modules' | 'providers'

/** Who may read what is in a namespace. */
export type NamespaceAccess = Pick<NamespaceRow, 'organizationId' | 'visibility' | 'deletedAt'>

const readScope = (noun: NamespaceScope): ScopeText => `${noun}:read`

/**
 * Whether the actor may read what is in the namespace. What is not readable must be answered exactly as what does not exist.
 * Whether anybody may read without a token at all has been decided by the request chain.
 */
export function mayRead(actor: Actor, noun: NamespaceScope, namespace: NamespaceAccess | undefined): boolean {
  // Only a namespace that holds nothing has no row.
  if (namespace === undefined) return true
  if (namespace.deletedAt !== null) return false
  return namespace.visibility === 'public' || mayIn(actor, readScope(noun), namespace.organizationId)
}

/** The same for lists. */
export function readerOf(actor: Actor, noun: NamespaceScope): NamespaceReader {
  return organizationsWhere(actor, readScope(noun))
}

/**
 * What shared caches may do with an answer: nothing when it is about a private namespace or when reading needs a token at all
 * (reliability.md row 13).
 */
export function cacheControlFor(
  { config }: { readonly config: { readonly auth: { readonly anonymousRead: boolean } } },
  namespace: NamespaceAccess | undefined,
  whenPublic: string,
): string {
  return config.auth.anonymousRead && (namespace === undefined || namespace.visibility === 'public') ? whenPublic : 'private, no-store'
}
