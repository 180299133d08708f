/**
 * Mirrors that look after themselves: what of an upstream shall be held, and runs that bring what is missing.
 *
 * A mirror names providers (or namespaces, where the upstream lists them), constraints, platforms, and how new or old a version may
 * be. A run is a job of the one engine that definition files use too: one item per provider chooses, and adds one item per package.
 * The schedule starts runs by their interval; people start them by hand, for a part of a mirror if they like, and look at the plan
 * before.
 *
 * Invariants:
 * - One run per mirror at a time, over all replicas: `startRun` claims it by the number of the run before, in the transaction that
 *   queues its job; trying the failed items of an earlier one again claims it in the same way. A mirror that was due many times while nobody looked is run once.
 * - A run only ever adds. What somebody deleted here stays away, what is held is not fetched again, nothing is removed.
 * - A namespace that is claimed in this registry is never asked upstream, however old the mirror is.
 * - What is mirrored is verified by the mirror feature exactly as anything else that comes from an upstream.
 * - An upstream in trouble is left alone for longer each time, up to a day or the mirror's interval.
 *
 * State: rows of `mirror_configurations`, `mirror_sync_history` and `mirrored_provider_versions`; nothing in memory. An interrupted
 * run goes on with the items that had not ended; its outcome is written by whoever looks next.
 */
export { requireMirror, settingsOf } from './find-mirror.ts'
export { mirrorConfigurationRoutes } from './mirror-configuration-routes.ts'
export { listMirroredHosts } from './mirrored-hosts-queries.ts'
export { reclaimForRetry } from './runs/control-runs.ts'
export { listNamespaceJob, resolveMirrorJob } from './runs/resolve-mirror.job.ts'
export { LIST_NAMESPACE, RESOLVE_MIRROR } from './runs/run-items.ts'
export { runSchedule } from './runs/run-schedule.ts'
export { selectHeld } from './selection/select-held.ts'
