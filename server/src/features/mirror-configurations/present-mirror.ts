import type { Static } from 'typebox'
import { decodeJson } from '../../base/database/columns.ts'
import { settingsOf } from './find-mirror.ts'
import type { MirrorRow } from './mirror-queries.ts'
import type { CreateBody, LeftOutView, MirrorView, RunView } from './mirror-schemas.ts'
import type { MirrorSettings } from './mirror-settings.ts'
import type { RunRow } from './runs/run-queries.ts'
import type { RunError } from './runs/settle-runs.ts'
import type { RunScope } from './runs/start-run.ts'
import type { LeftOutSum } from './selection/left-out.ts'

/** A mirror as the API shows it. */
export function presentMirror(row: MirrorRow): Static<typeof MirrorView> {
  const { hostname, namespaces, providers, versions, platforms, keepNewest, coolDownDays, prereleases, intervalHours } = settingsOf(row)
  return {
    id: row.id,
    name: row.name,
    organization: row.organization,
    upstream: hostname,
    namespaces: [...namespaces],
    providers: [...providers],
    versions: [...versions],
    platforms: [...platforms],
    keep_newest: keepNewest,
    cool_down_days: coolDownDays,
    prereleases,
    interval_hours: intervalHours,
    enabled: row.pausedAt === null,
    next_run_at: row.pausedAt === null ? new Date(row.nextRunAt).toISOString() : null,
    failures: row.failures,
    current_job_id: row.currentJobId,
    created_at: new Date(row.createdAt).toISOString(),
    created_by: row.createdBy,
  }
}

/** The settings that a body names. */
export function readSettings(body: Partial<Static<typeof CreateBody>>): Partial<MirrorSettings> {
  const { upstream, namespaces, providers, versions, platforms, keep_newest, cool_down_days, prereleases, interval_hours } = body
  const given = {
    hostname: upstream,
    namespaces,
    providers,
    versions,
    platforms,
    keepNewest: keep_newest,
    coolDownDays: cool_down_days,
    prereleases,
    intervalHours: interval_hours,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<MirrorSettings>
}

/** A run as the API shows it. */
export function presentRun(row: RunRow, leftOut: readonly LeftOutSum[]): Static<typeof RunView> {
  return {
    run: row.runNumber,
    job_id: row.jobId,
    state: row.state,
    started_because: row.startedBecause,
    started_by: row.startedBy,
    scope: decodeJson<Static<typeof RunView>['scope']>(row.scope) satisfies RunScope,
    started_at: new Date(row.startedAt).toISOString(),
    finished_at: row.finishedAt === null ? null : new Date(row.finishedAt).toISOString(),
    packages: row.packages,
    fetched: row.fetched,
    failed: row.failed,
    bytes: row.bytes,
    errors: decodeJson<RunError[]>(row.errors),
    left_out: presentLeftOut(leftOut),
  }
}

/** What was left out, as the API shows it. */
export function presentLeftOut(sums: readonly LeftOutSum[]): Static<typeof LeftOutView> {
  return sums.map(({ examples, ...sum }) => ({
    ...sum,
    examples: examples.map(({ versions, ...example }) => ({ ...example, versions: [...versions] })),
  }))
}
