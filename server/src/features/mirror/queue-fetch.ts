import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { PackageIdentity } from '../quarantine/index.ts'
import { FETCH_PACKAGE, type FetchPackageInput } from './fetch-package.job.ts'
import type { MirrorDeps } from './mirror-deps.ts'

/** A package that somebody wants to be fetched now, whatever happened to it before. */
export interface WantedFetch {
  readonly wanted: PackageIdentity
  /** Kind of the job. */
  readonly kind: string
  /** Begins the title of the job. */
  readonly purpose: string
  readonly createdBy: string
}

/** Adds a job that fetches one package; answers its id. Workers are to be woken after the commit. */
export function queueFetch(
  { queue }: Pick<MirrorDeps, 'queue'>,
  tx: Db,
  { wanted, kind, purpose, createdBy }: WantedFetch,
): Promise<string> {
  const { address, version, platform } = wanted
  const key = `${formatProviderAddress(address)} ${version} ${formatPlatform(platform)}`
  const input: FetchPackageInput = { ...address, version, platform: formatPlatform(platform) }
  return queue.createJob(tx, { kind, title: `${purpose}: ${key}`, createdBy, items: [{ kind: FETCH_PACKAGE, key, input }] })
}
