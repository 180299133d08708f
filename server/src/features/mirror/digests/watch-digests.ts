import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Db } from '../../../base/database/open-database.ts'
import type { Deps } from '../../../base/deps.ts'
import { systemOrigin } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import { notify } from '../../notifications/index.ts'
import type { ProviderPlatformRow } from '../../providers/index.ts'
import { listed, listHeldPackages } from './changed-digests.ts'
import { updateUpstreamDigest, type VersionIdentity } from './digest-queries.ts'

type WatchDeps = Pick<Deps, 'database' | 'clock' | 'logger'>

/** What an upstream lists now, signed by a key that is trusted. */
interface UpstreamList {
  readonly entries: ReadonlyMap<string, string>
  readonly fingerprint: string
}

/**
 * Compares a list that an upstream has just given with what is held. A digest that changed is an alarm, once: a mark on the package, a
 * notification and a row of the audit. What is held stays and is served on. The mark goes when the upstream lists the old digest again.
 * A file that is gone from the list is none: what vanishes upstream stays, too.
 */
export async function watchDigests({ database, clock, logger }: WatchDeps, of: VersionIdentity, list: UpstreamList): Promise<void> {
  const rows = (await listHeldPackages(database.db, of)).filter(({ deletedAt }) => deletedAt === null)
  const news = rows.filter((row) => isNews(row, list))
  if (news.length === 0) return
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    for (const row of news) await markPackage(tx, row, { list, at })
    await raiseAlarm(tx, { of, list, at, changed: news.filter((row) => listed(list.entries, row.filename) !== row.zh) })
  })
  logger.warn({ provider: formatProviderAddress(of.address), version: of.version }, 'the upstream lists other digests than before')
}

function isNews({ filename, zh, upstreamZh }: ProviderPlatformRow, { entries }: UpstreamList): boolean {
  const now = listed(entries, filename)
  return now !== null && (now === zh ? upstreamZh !== null : upstreamZh !== now)
}

async function markPackage(
  tx: Db,
  row: ProviderPlatformRow,
  { list, at }: { readonly list: UpstreamList; readonly at: number },
): Promise<void> {
  const now = listed(list.entries, row.filename) ?? row.zh
  await updateUpstreamDigest(tx, row.id, now === row.zh ? null : { zh: now, at })
}

interface Alarm {
  readonly of: VersionIdentity
  readonly list: UpstreamList
  readonly at: number
  /** Empty: the old digests are back. */
  readonly changed: readonly ProviderPlatformRow[]
}

async function raiseAlarm(tx: Db, { of, list, at, changed }: Alarm): Promise<void> {
  const subject = `${formatProviderAddress(of.address)} ${of.version}`
  const [first] = changed
  if (first !== undefined) {
    await notify(tx, {
      at,
      kind: 'digest_changed',
      subject,
      message: `The upstream signs other bytes than before for "${first.filename}"${changed.length > 1 ? ` and ${changed.length - 1} more` : ''}; what is held stays in service`,
      hint: 'Ask the publisher what happened; which packages it is about: GET /api/v1/admin/providers, upstream_change',
      dedupeKey: subject,
    })
  }
  await recordAudit(tx, {
    at,
    origin: systemOrigin('mirror'),
    action: first === undefined ? 'provider_version.digest_restored' : 'provider_version.digest_changed',
    object: subject,
    outcome: first === undefined ? 'allowed' : 'error',
    details: {
      signed_by: list.fingerprint,
      files: changed.map(({ filename, zh }) => ({ filename, expected: zh, found: listed(list.entries, filename) })),
    },
  })
}
