/**
 * Names under which modules and providers are published here: whose they are, and who may read them.
 *
 * A namespace belongs to one organisation. Whoever may publish claims a free one with their first publish; an administrator can
 * claim it before, make it private, hand it over, or delete it when it is empty.
 *
 * Invariants:
 * - A name is given away once: a deleted namespace stays taken, so nobody can publish under an address that others still use.
 * - What somebody may not read is answered exactly as what does not exist; `mayRead` decides for single things, the reader of
 *   `readerOf` cuts lists.
 * - A key for certain namespaces changes no other one.
 * - Every change bumps the catalog revision: it acts with the next request on every replica.
 *
 * State: rows of `namespaces`; nothing in memory.
 */
export { claimNamespace, type NamespaceChange, requireMayPublish, requireWritable } from './claim-namespace.ts'
export { findNamespace, holdsContent, type NamespaceReader, type NamespaceRow, privateNamespacesOfOthers } from './namespace-queries.ts'
export { namespaceRoutes } from './namespace-routes.ts'
export { cacheControlFor, mayRead, type NamespaceAccess, readerOf } from './read-access.ts'
