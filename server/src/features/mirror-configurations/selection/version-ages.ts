import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import type { ChoiceOf, Sighting } from './choice.ts'
import { listSightings } from './selection-queries.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Tells since when versions are known. The upstream is asked when a version was published only while that can matter: there is a
 * cool-down, and the version has not been known here for so long. An upstream that does not say it once is not asked again.
 */
export async function createAgeReader(
  { database, upstreams, clock }: Pick<MirrorConfigurationDeps, 'database' | 'upstreams' | 'clock'>,
  { mirrorId, settings, address }: ChoiceOf,
): Promise<(version: string) => Promise<Sighting>> {
  const rows = await listSightings(database.db, mirrorId, address)
  const sightings = new Map(rows.map((row) => [row.version, row]))
  const now = clock.now()
  let silent = false
  return async (version) => {
    const known = sightings.get(version)
    const firstSeenAt = known?.firstSeenAt ?? now
    const isOld = firstSeenAt + settings.coolDownDays * DAY_MS <= now
    if (known !== undefined || isOld || silent) return { version, firstSeenAt, publishedAt: known?.publishedAt ?? null }
    const publishedAt = (await upstreams.findPublishedAt(address, version)) ?? null
    if (publishedAt === null) silent = true
    return { version, firstSeenAt, publishedAt }
  }
}
