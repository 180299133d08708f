/**
 * Modules: publish, resolve, read.
 *
 * A module is known by namespace, name and system, in any case. What is published is taken apart without being extracted, packed
 * anew in a canonical form, analysed without running anything, and stored once: the same content is the same bytes, whatever it
 * was packed with. Inputs, outputs and the like of each version are kept as JSON and make up its pages and the search.
 *
 * Invariants:
 * - A version is visible only after its archive is durable and its row is committed (P1, P2).
 * - A published version never changes; the same content again is fine, other content is refused with both digests (P3). A
 *   withdrawn version keeps its number and tells its reason.
 * - What cannot be analysed is a note on the version, never a reason to refuse it.
 * - The address of an archive is always a signed link of our own, never something that a publisher sent (reliability.md row 21).
 *
 * A crash leaves at most an archive without a row, which the sweeper removes, and a few seconds of download counts.
 * Protocol: protocol.md sections 2 and 6.4.
 */

export { expectedModuleDigest, markModuleDamaged } from './damage.ts'
export { createDownloadCounter } from './downloads/count-downloads.ts'
export { moduleDetailRoutes, moduleListRoutes } from './lists/module-list-routes.ts'
export { moduleApiRoutes } from './module-api-routes.ts'
export { createModuleCatalog } from './module-catalog.ts'
export { moduleArchives } from './module-objects.ts'
export { findModule, findModuleVersion } from './module-queries.ts'
export { moduleRoutes } from './module-routes.ts'
export type { ModulesDeps } from './modules-deps.ts'
export { changeModuleRoutes } from './publish/change-module-routes.ts'
export { publishModuleRoutes } from './publish/publish-module-routes.ts'
export { type PublishModuleVersion, publishModuleVersion } from './publish/publish-module-version.ts'
