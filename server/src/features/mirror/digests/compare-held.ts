import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { RegistryError } from '../../../base/errors.ts'
import { findProvider, findProviderVersion, listPlatforms } from '../../providers/index.ts'
import type { MirrorDeps } from '../mirror-deps.ts'
import type { ShasumsReader } from '../verified-shasums.ts'
import { listVersionsToCompare, updateDigestsChecked } from './digest-queries.ts'

type CompareDeps = MirrorDeps & { readonly readShasums: ShasumsReader }

const DAY_MS = 24 * 3_600_000
/** Each costs the upstream three small requests. */
const VERSIONS_AT_ONCE = 5

/**
 * Reads the lists of some held versions again, for {@link watchDigests} to compare: each at most once a day, those that were not read for
 * longest first, so that all have their turn. What the upstream does not answer, or has no more, is no finding.
 */
export async function compareHeld(deps: CompareDeps, address: ProviderAddress): Promise<void> {
  const { db } = deps.database
  const now = deps.clock.now()
  for (const { id, version } of await listVersionsToCompare(db, address, { before: now - DAY_MS, limit: VERSIONS_AT_ONCE })) {
    const failure = await compareVersion(deps, address, version).catch((error: unknown) => error)
    if (failure instanceof RegistryError) {
      const fields = { provider: formatProviderAddress(address), version, reason: failure.message }
      deps.logger.info(fields, 'the checksums of a held version could not be compared with the upstream')
    } else if (failure !== undefined) throw failure
    await updateDigestsChecked(db, id, now)
  }
}

async function compareVersion(deps: CompareDeps, address: ProviderAddress, version: string): Promise<undefined> {
  const { db } = deps.database
  const provider = await findProvider(db, address)
  const row = provider && (await findProviderVersion(db, provider.id, version))
  const [held] = row === undefined ? [] : (await listPlatforms(db, row.id)).filter(({ deletedAt }) => deletedAt === null)
  if (held === undefined) return
  const platform = { os: held.os, arch: held.arch }
  const document = await deps.upstreams.getPackageDocument(address, version, platform)
  await deps.readShasums({ address, version, platform }, document, { fresh: true })
}
