import type { UnixMs } from '../../../base/clock.ts'
import { bumpCatalogRevision } from '../../../base/database/catalog-revision.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { Origin } from '../../../base/http/edge-types.ts'
import { newId } from '../../../base/ids.ts'
import { recordAudit } from '../../audit/index.ts'
import { notify } from '../../notifications/index.ts'
import { type RefreshedKey, readRefreshedKey } from '../../verification/index.ts'
import { columnsOf, describeKey, formatKeyScope } from '../key-scope.ts'
import { decideSigningKey, insertSigningKey, listCopiesOfKey, type SigningKeyRow, updateKeyCopy } from '../signing-key-queries.ts'
import type { RefreshDeps } from '../trust-deps.ts'
import { describeSource, type KeySource } from './key-sources.ts'

/** What an address had: the key as it is known, more of it, the key itself for the first time, or its revocation. */
export type RefreshOutcome = 'unchanged' | 'extended' | 'added' | 'revoked'

export interface Refreshed {
  readonly outcome: RefreshOutcome
  readonly fingerprint: string
}

const MAX_BYTES = 512 * 1024

/**
 * Fetches the key of a source and takes over what its owner has changed. A key with another fingerprint than the pinned ones, or
 * anything that is no key, changes nothing; administrators are told.
 * @throws {RegistryError} UPSTREAM_*, OUTBOUND_BLOCKED; INVALID_SIGNING_KEY for what was refused, when it is told already
 */
export async function refreshKey(deps: RefreshDeps, source: KeySource, by: Origin): Promise<Refreshed> {
  const armor = await fetchArmor(deps, source)
  try {
    return await takeOver(deps, { source, by, armor })
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'INVALID_SIGNING_KEY') await tellRefusal(deps, { source, by, error })
    throw error
  }
}

async function fetchArmor({ outbound, config }: RefreshDeps, { hostname, url }: KeySource): Promise<string> {
  const caFile = config.upstream[hostname]?.caFile
  const { body } = await outbound.getBytes(url, { maxBytes: MAX_BYTES, ...(caFile !== undefined && { caFile }) })
  return Buffer.from(body).toString('utf8')
}

interface Fetched {
  readonly source: KeySource
  readonly by: Origin
  readonly armor: string
}

async function takeOver({ database, clock }: RefreshDeps, { source, by, armor }: Fetched): Promise<Refreshed> {
  const { fingerprint } = (await readRefreshedKey(armor)).key
  if (!source.fingerprints.includes(fingerprint)) throw otherKey(source, fingerprint)
  const at = clock.now()
  return database.db.transaction().execute(async (tx) => {
    await bumpCatalogRevision(tx)
    const outcomes: RefreshOutcome[] = []
    for (const row of await listCopiesOfKey(tx, fingerprint)) outcomes.push(await refreshCopy(tx, { row, armor, by, at }))
    // Read anew: one that was pending and turns out to be revoked is not accepted.
    const own = (await listCopiesOfKey(tx, fingerprint)).find((row) => formatKeyScope(row) === formatKeyScope(source))
    if (own === undefined) outcomes.push(await addKey(tx, { source, by, at, refreshed: await readRefreshedKey(armor) }))
    else await acceptPending(tx, { row: own, by, at })
    const outcome = (['revoked', 'added', 'extended'] as const).find((one) => outcomes.includes(one)) ?? 'unchanged'
    return { outcome, fingerprint }
  })
}

interface Copy {
  readonly row: SigningKeyRow
  readonly by: Origin
  readonly at: UnixMs
}

/** Every recorded copy of the key gets what is new: its own signatures prove it, whatever the copy is trusted for. */
async function refreshCopy(tx: Db, { row, armor, by, at }: Copy & { readonly armor: string }): Promise<RefreshOutcome> {
  const { key, isRevoked } = await readRefreshedKey(armor, row.asciiArmor)
  const isNewlyRevoked = isRevoked && row.state !== 'revoked'
  if (key.asciiArmor === row.asciiArmor && !isNewlyRevoked) return 'unchanged'
  await updateKeyCopy(tx, row.id, { asciiArmor: key.asciiArmor, expiresAt: key.expiresAt ?? null, examinedAt: at })
  const outcome = isNewlyRevoked ? 'revoked' : 'extended'
  if (outcome === 'revoked') await markRevoked(tx, { row, by, at })
  await recordAudit(tx, { origin: by, at, action: 'signing_key.refresh', object: describeKey(row), details: { outcome } })
  return outcome
}

async function markRevoked(tx: Db, { row, by, at }: Copy): Promise<void> {
  await decideSigningKey(tx, row.id, { state: 'revoked', decidedAt: at, decidedBy: by.actor.name })
  await notify(tx, {
    at,
    kind: 'signing_key_changed',
    subject: describeKey(row),
    message: `The owner of signing key "${row.fingerprint}" of "${formatKeyScope(row)}" has revoked it: nothing more is taken from it`,
    hint: 'Look for the reason at its owner, block what it signed if it was stolen, and add the key that came after it: terrace signing-key add',
    dedupeKey: `revoked ${row.id}`,
  })
}

interface FirstCopy {
  readonly source: KeySource
  readonly refreshed: RefreshedKey
  readonly by: Origin
  readonly at: UnixMs
}

/** A revoked key is recorded too, or an older copy of it would be trusted at first sight. */
async function addKey(tx: Db, { source, refreshed, by, at }: FirstCopy): Promise<RefreshOutcome> {
  const { hostname, namespace, type } = source
  const outcome = refreshed.isRevoked ? 'revoked' : 'added'
  const key = { hostname, namespace, type, ...columnsOf(refreshed.key) }
  const decision = { state: refreshed.isRevoked ? 'revoked' : 'trusted', decidedAt: at, decidedBy: by.actor.name }
  await insertSigningKey(tx, { id: newId(), ...key, ...decision, source: 'refreshed', createdAt: at, examinedAt: at })
  await recordAudit(tx, { origin: by, at, action: 'signing_key.refresh', object: describeKey(key), details: { outcome } })
  return outcome
}

/** The fingerprint in the settings is an administrator's word. */
async function acceptPending(tx: Db, { row, by, at }: Copy): Promise<void> {
  if (row.state !== 'pending') return
  await decideSigningKey(tx, row.id, { state: 'trusted', decidedAt: at, decidedBy: by.actor.name })
  await recordAudit(tx, { origin: by, at, action: 'signing_key.trusted', object: describeKey(row) })
}

function otherKey(source: KeySource, found: string): RegistryError {
  return new RegistryError(
    'INVALID_SIGNING_KEY',
    `Cannot refresh the signing key of "${formatKeyScope(source)}": its fingerprint is ${found}, which is not pinned`,
    {
      hint: 'Ask its owner; if the new fingerprint is right, add it to "mirror.signing_key_sources" or run: terrace signing-key add',
      detail: { expected: source.fingerprints, found },
    },
  )
}

interface Refused {
  readonly source: KeySource
  readonly by: Origin
  readonly error: RegistryError
}

async function tellRefusal({ database, clock }: RefreshDeps, { source, by, error }: Refused): Promise<void> {
  const at = clock.now()
  const subject = describeSource(source)
  await database.db.transaction().execute(async (tx) => {
    await notify(tx, {
      at,
      kind: 'signing_key_changed',
      subject,
      message: `The address of the signing key of "${formatKeyScope(source)}" gives something else, which is not taken over: ${error.message}`,
      hint: error.hint ?? 'Look at the address, and ask the owner of the key',
      dedupeKey: `refused ${subject}`,
    })
    const details = { code: error.code, found: error.detail?.found ?? null }
    await recordAudit(tx, { origin: by, at, action: 'signing_key.refresh', object: subject, outcome: 'error', details })
  })
}
