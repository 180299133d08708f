import type { UnixMs } from '../clock.ts'

/** What shall be held of an upstream, and when that is looked after. */
export interface MirrorConfigurationsTable {
  id: string
  organizationId: string
  /** Lower case, unique. */
  name: string
  /** Host name of the upstream. */
  hostname: string
  /** JSON array of namespaces that are mirrored as a whole. */
  namespaces: string
  /** JSON array of `namespace/type`. */
  providers: string
  /** JSON array of constraints, of which one must match; empty: every version. */
  versions: string
  /** JSON array of `linux_amd64`, …; empty: all that the upstream offers. */
  platforms: string
  /** Of each provider only so many versions; null: no limit. */
  keepNewest: number | null
  /** Age that a version must have. */
  coolDownDays: number
  /** 1 or 0. */
  prereleases: number
  intervalHours: number
  /** Not run by the schedule since. */
  pausedAt: UnixMs | null
  /** When the schedule runs it next. */
  nextRunAt: UnixMs
  /** Counts the runs; whoever starts one must have seen the number before it. */
  runNumber: number
  /** Job of the last run. */
  currentJobId: string | null
  /** Runs in a row that failed because of the upstream. */
  failures: number
  createdAt: UnixMs
  createdBy: string
}

/** One run of a mirror. */
export interface MirrorSyncHistoryTable {
  id: string
  mirrorId: string
  runNumber: number
  jobId: string
  /** `schedule` or `manual`. */
  startedBecause: string
  startedBy: string
  /** JSON: the provider and version it was limited to. */
  scope: string
  startedAt: UnixMs
  /** As the job was when it ended; written once more when items of it were tried again. */
  finishedAt: UnixMs | null
  /** `running`, `completed`, `failed` or `cancelled`. */
  state: string
  /** Packages. */
  packages: number
  fetched: number
  failed: number
  /** Bytes that were fetched. */
  bytes: number
  /** JSON array of `{"code":"…","message":"…","count":1}`. */
  errors: string
}

/** A version that a mirror has seen at its upstream. */
export interface MirroredProviderVersionsTable {
  id: string
  mirrorId: string
  namespace: string
  type: string
  version: string
  firstSeenAt: UnixMs
  /** When it was published, as the upstream says; null when it does not say. */
  publishedAt: UnixMs | null
  /** Job of the first run that took packages of it; null for a version that was seen and left. */
  jobId: string | null
}

/** What a run left out of a provider, for one reason. */
export interface MirrorRunOmissionsTable {
  id: string
  mirrorId: string
  /** The run. */
  jobId: string
  /** `namespace/type`. */
  provider: string
  /** `constraint`, `prerelease`, `platform`, `keep_newest`, `cool_down`, `policy` or `deleted`. */
  reason: string
  /** How many; 0 when the provider as a whole was left out. */
  versions: number
  /** JSON array of some of them, newest first. */
  examples: string
  /** For people. */
  why: string
}
