import type { Config } from '../config/config-schema.ts'
import type { Clock } from './clock.ts'
import type { Database } from './database/open-database.ts'
import type { Logger } from './logger.ts'
import type { Outbound } from './outbound/outbound.ts'
import type { JobQueue } from './queue/job-queue.ts'
import type { SharedCounters } from './redis/redis-connection.ts'
import type { Secrets } from './secrets/load-secrets.ts'
import type { Spool } from './spool.ts'
import type { LinkSigner } from './storage/link-signer.ts'
import type { ServableStore } from './storage/object-store.ts'

/** What every feature may use. Built once in `open-deps.ts`; a use case names the part it needs. */
export interface Deps {
  readonly config: Config
  readonly database: Database
  readonly store: ServableStore
  readonly spool: Spool
  readonly queue: JobQueue
  readonly outbound: Outbound
  /** Counters that all processes share; `undefined` without Redis. */
  readonly redis: SharedCounters | undefined
  readonly secrets: Secrets
  readonly linkSigner: LinkSigner
  readonly clock: Clock
  readonly logger: Logger
}
