import type { Db } from '../../../base/database/open-database.ts'
import type { Page } from '../../../base/http/pagination.ts'
import type { MirrorRow } from '../mirror-queries.ts'

/** Which versions of a mirror are meant. */
export interface MirrorVersionFilter {
  readonly mirror: Pick<MirrorRow, 'id' | 'hostname'>
  readonly namespace?: string | undefined
  readonly type?: string | undefined
  /** Only those that a run has taken, or only those that were seen and left. */
  readonly brought?: boolean | undefined
}

function versions(db: Db, { mirror, namespace, type, brought }: MirrorVersionFilter) {
  let query = db.selectFrom('mirroredProviderVersions as m').where('m.mirrorId', '=', mirror.id)
  if (namespace !== undefined) query = query.where('m.namespace', '=', namespace)
  if (type !== undefined) query = query.where('m.type', '=', type)
  if (brought !== undefined) query = query.where('m.jobId', brought ? 'is not' : 'is', null)
  return query
}

/** Versions that a mirror has seen, those first that it saw last; with the run that brought them and what is held of them now. */
export function listMirrorVersions(db: Db, filter: MirrorVersionFilter, { limit, offset }: Page) {
  return versions(db, filter)
    .leftJoin('mirrorSyncHistory as r', (join) => join.onRef('r.jobId', '=', 'm.jobId').onRef('r.mirrorId', '=', 'm.mirrorId'))
    .leftJoin('providers as p', (join) =>
      join.on('p.hostname', '=', filter.mirror.hostname).onRef('p.namespace', '=', 'm.namespace').onRef('p.type', '=', 'm.type'),
    )
    .leftJoin('providerVersions as v', (join) => join.onRef('v.providerId', '=', 'p.id').onRef('v.version', '=', 'm.version'))
    .select(['m.namespace', 'm.type', 'm.version', 'm.firstSeenAt', 'm.publishedAt', 'm.jobId', 'r.runNumber', 'v.id as heldId'])
    .select(['v.deletedAt', 'v.blockedAt', 'v.deprecatedAt', 'v.signingKeyFingerprint', 'v.verificationWarning'])
    .select(({ selectFrom, fn }) =>
      selectFrom('providerPlatforms as f')
        .select(fn.countAll<number>().as('count'))
        .whereRef('f.versionId', '=', 'v.id')
        .where('f.deletedAt', 'is', null)
        .as('packages'),
    )
    .orderBy('m.firstSeenAt', 'desc')
    .orderBy('m.namespace')
    .orderBy('m.type')
    .orderBy('m.version', 'desc')
    .limit(limit)
    .offset(offset)
    .execute()
}

/** How many there are. */
export async function countMirrorVersions(db: Db, filter: MirrorVersionFilter): Promise<number> {
  const { count } = await versions(db, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}
