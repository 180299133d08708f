import type { AppDeps } from './app-deps.ts'
import { deliverMails, sweepMails } from './base/mail/outbox.ts'
import type { JobHandler } from './base/queue/worker.ts'
import { sweepPipelineKeys, sweepSessions } from './features/accounts/index.ts'
import { sweepUsedTokens } from './features/ci-trust/index.ts'
import { sweepOrphanObjects } from './features/intake/index.ts'
import { warnAboutExpiry } from './features/key-expiry/index.ts'
import { FETCH_PACKAGE, fetchPackageJob, RESOLVE_PROVIDER, resolveProviderJob } from './features/mirror/index.ts'
import {
  LIST_NAMESPACE,
  listMirroredHosts,
  listNamespaceJob,
  RESOLVE_MIRROR,
  resolveMirrorJob,
  runSchedule,
} from './features/mirror-configurations/index.ts'
import { PULL_MODULE, pullModuleJob, sweepModuleLists, upstreamModuleArchives } from './features/module-pull-through/index.ts'
import { moduleArchives } from './features/modules/index.ts'
import { mailNotifications } from './features/notifications/index.ts'
import { reportOrphanPrivileges } from './features/orphan-privileges/index.ts'
import { packageObjects } from './features/providers/index.ts'
import { PULL_PACKAGE, sweepProviderLists, sweepSignedVersions } from './features/pull-through/index.ts'
import { refreshDueKeys, warnAboutSigningKeys } from './features/trust/index.ts'

/** Every kind of job item that nobody waits for, and what runs it. */
export function jobHandlers(deps: AppDeps): Record<string, JobHandler<never>> {
  return {
    [LIST_NAMESPACE]: listNamespaceJob(deps),
    [RESOLVE_MIRROR]: resolveMirrorJob(deps),
    [RESOLVE_PROVIDER]: resolveProviderJob(deps),
    [FETCH_PACKAGE]: fetchPackageJob(deps),
  }
}

/** Items that a client waits for; workers of their own run them, so that no long job is in their way. */
export function urgentJobHandlers(deps: AppDeps): Record<string, JobHandler<never>> {
  return { [PULL_PACKAGE]: fetchPackageJob(deps), [PULL_MODULE]: pullModuleJob(deps) }
}

const MINUTE_MS = 60 * 1000
const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
const KEYS_EVERY_MS = 10 * 60 * 1000
const SWEEP_EVERY_MS = 10 * 60 * 1000
/** Longer than the longest upload or download: what is older belongs to nobody. */
const SWEEP_GRACE_MS = 60 * 60 * 1000

/**
 * Removes what crashes have left: spool folders of dead processes at once, temporary files and objects without a row after the
 * grace time, expired sessions at once, used tokens, keys of pipelines, version lists and checksum lists when they are long over. Several replicas
 * may sweep at the same time.
 */
export async function sweep(
  deps: Pick<AppDeps, 'spool' | 'store' | 'database' | 'clock' | 'logger'>,
  { graceMs }: { readonly graceMs: number },
): Promise<void> {
  await deps.spool.sweep()
  await deps.store.sweepTemporary(graceMs)
  await sweepSessions(deps)
  await sweepUsedTokens(deps)
  await sweepPipelineKeys(deps)
  await sweepMails(deps)
  await sweepSignedVersions(deps)
  await sweepProviderLists(deps)
  await sweepModuleLists(deps)
  await sweepOrphanObjects(deps, { owners: [packageObjects, moduleArchives, upstreamModuleArchives], graceMs })
}

/** Writes the letters about notifications and sends all that are due; several replicas may do so at the same time. */
export async function sendMail(deps: AppDeps): Promise<void> {
  await mailNotifications(deps)
  await deliverMails(deps)
}

/** Writes to the owners of keys that end soon; the letters leave at once. */
async function warnOwners(deps: AppDeps): Promise<void> {
  await warnAboutExpiry(deps)
  await deliverMails(deps)
}

/** Refreshes the signing keys of upstreams that are mirrored here, in whichever way. */
export async function refreshSigningKeys(deps: AppDeps): Promise<void> {
  const { features, mirror } = deps.config
  const onDemand = features.autoDownloadProviders ? mirror.upstreams : []
  await refreshDueKeys(deps, async () => new Set([...(await listMirroredHosts(deps.database.db)), ...onDemand]))
}

/** Everything that happens by the clock. */
export function startSchedules(deps: AppDeps): { stop(): void } {
  const { logger, config } = deps
  const timers = [
    repeat(SWEEP_EVERY_MS, async () => {
      await sweep(deps, { graceMs: SWEEP_GRACE_MS }).catch((err: unknown) => logger.error({ err }, 'sweep failed; it is tried again later'))
    }),
    repeat(config.mirror.schedulerIntervalMinutes * MINUTE_MS, async () => {
      await runSchedule(deps).catch((err: unknown) => logger.error({ err }, 'the schedule of mirrors failed; it is tried again later'))
    }),
    // Not at the start: a server that only starts asks nobody.
    later(KEYS_EVERY_MS, async () => {
      await refreshSigningKeys(deps).catch((err: unknown) =>
        logger.error({ err }, 'signing keys were not refreshed; it is tried again later'),
      )
    }),
    repeat(HOUR_MS, async () => {
      await warnAboutSigningKeys(deps).catch((err: unknown) =>
        logger.error({ err }, 'warnings about signing keys failed; they are tried again later'),
      )
    }),
    repeat(config.notifications.apiKeyExpiry.checkIntervalHours * HOUR_MS, async () => {
      await warnOwners(deps).catch((err: unknown) => logger.error({ err }, 'warnings about API keys failed; they are tried again later'))
    }),
    repeat(DAY_MS, async () => {
      await reportOrphanPrivileges(deps).catch((err: unknown) =>
        logger.error({ err }, 'the check of privileges failed; it is tried again later'),
      )
    }),
    repeat(MINUTE_MS, async () => {
      await sendMail(deps).catch((err: unknown) => logger.error({ err }, 'sending mail failed; it is tried again later'))
    }),
  ]
  return {
    stop() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}

/** Runs it now and then again and again. */
function repeat(everyMs: number, run: () => Promise<unknown>): NodeJS.Timeout {
  void run()
  return later(everyMs, run)
}

/** Runs it again and again, the first time when the time has passed. */
function later(everyMs: number, run: () => Promise<unknown>): NodeJS.Timeout {
  return setInterval(() => void run(), everyMs).unref()
}
