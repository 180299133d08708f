/**
 * Module pull-through: modules that come from an upstream when somebody asks for them, and stay.
 *
 * `/v1/upstream/HOST/modules/` speaks the module registry protocol for a host in `mirror.upstreams`. Version lists are kept as those of
 * providers are. The first download of a version asks the upstream where it is, fetches that (an archive, or Git at a settled commit)
 * by one job item, and stores it in its canonical form with all its folders, so that `//FOLDER` and `./modules/x` work.
 *
 * Invariants:
 * - A version that is held never changes and is never asked for again, whatever becomes of its tag or its upstream (P3, P5).
 * - Nothing is served that the module archiver did not write: no links, no paths outside, bounded sizes.
 * - Only hosts in `mirror.upstreams` are asked, for what mirror policies let in, and never for a namespace that somebody has claimed
 *   here.
 * - What another registry has fetched and somebody carries here is stored the same way, with the origin that it states; where a version
 *   is held, only the same content is let in.
 * - Over all processes one asks for a list or a source, and one fetches, however many wait.
 *
 * A crash leaves a job that another process finishes, an object that the sweeper removes, and a claim that runs out.
 */
export { upstreamModuleRoutes } from './admin/upstream-module-routes.ts'
export { moduleArchiveLink } from './archive-link.ts'
export type { CarriedModule } from './carry/carried-module.ts'
export { planCarriedModule } from './carry/plan-carried-module.ts'
export { storeCarriedModule } from './carry/store-carried-module.ts'
export { createModulesOnDemand, type ModulesOnDemand } from './create-modules-on-demand.ts'
export { pullModuleJob } from './fetch/pull-module.job.ts'
export { PULL_MODULE } from './fetch/pull-modules.ts'
export { expectedUpstreamModuleDigest, isUpstreamModuleKey, markUpstreamModuleDamaged, upstreamModuleArchives } from './held/damage.ts'
export type { HeldModuleRow } from './held/held-module-queries.ts'
export { createHeldModules, type HeldModules } from './held/held-modules.ts'
export { sweepModuleLists } from './lists/module-lists.ts'
export type { ModulePullDeps } from './module-pull-deps.ts'
export { modulePullRoutes } from './module-pull-routes.ts'
