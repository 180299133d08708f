import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Db } from '../../base/database/open-database.ts'
import { systemOrigin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { recordAudit } from '../audit/index.ts'
import { mergeSigningKeys, readSigningKey, type SigningKey } from '../verification/index.ts'
import { columnsOf, describeKey, isInScope } from './key-scope.ts'
import { insertSigningKey, listSigningKeysOf, type SigningKeyRow, updateKeyCopy } from './signing-key-queries.ts'
import { listKeySources } from './sources/key-sources.ts'
import type { TrustDeps } from './trust-deps.ts'
import type { SignedProvider } from './trusted-keys.ts'

interface SeenKey {
  readonly provider: SignedProvider
  readonly key: SigningKey
  readonly source: string
}

/** Records a key that is new to the provider; answers all keys of its namespace. Known keys keep their state. */
export async function recordKey(deps: TrustDeps, input: SeenKey): Promise<readonly SigningKeyRow[]> {
  const { provider, key } = input
  const { database } = deps
  const known = await listSigningKeysOf(database.db, provider)
  const own = known.filter((row) => row.fingerprint === key.fingerprint && isInScope(row, provider))
  if (own.length > 0) {
    for (const row of own) await keepFullerCopy(deps, row, key)
    return known
  }
  return database.db.transaction().execute(async (tx) => {
    // The revision's row is the lock: of two first keys that come at once, one is the pin.
    await bumpCatalogRevision(tx)
    const others = await listSigningKeysOf(tx, provider)
    const { type, state } = await placeOf(deps, input, others)
    await insertKey(deps, tx, { ...input, type, state })
    return listSigningKeysOf(tx, provider)
  })
}

/**
 * Where the settings pin fingerprints for the provider, a key with one of them is trusted and no other. Else only the very first key
 * of a namespace is pinned: after a rejected one, an administrator decides, or the next comer would take its place. A key for one
 * provider counts too, or its siblings could be signed with it.
 */
async function placeOf(
  { config, trustedKeys }: TrustDeps,
  { provider, key, source }: SeenKey,
  others: readonly SigningKeyRow[],
): Promise<Place> {
  if (source === 'administrator')
    return { type: (await isConfiguredWidely(trustedKeys, provider, key)) ? '' : provider.type, state: 'trusted' }
  const sources = listKeySources(config).filter((one) => isInScope(one, provider))
  const pinned = sources.find(({ fingerprints }) => fingerprints.includes(key.fingerprint))
  if (pinned !== undefined) return { type: pinned.type, state: 'trusted' }
  if (sources.length > 0 || others.length > 0) return { type: '', state: 'pending' }
  return { type: pinsSibling(config, provider) ? provider.type : '', state: 'trusted' }
}

/** Whether the settings name the key for the namespace, or its host, and not for this provider alone. */
async function isConfiguredWidely(trustedKeys: TrustDeps['trustedKeys'], provider: SignedProvider, key: SigningKey): Promise<boolean> {
  const keys = await Promise.all(trustedKeys.forProvider({ ...provider, type: '' }).map((armor) => readSigningKey(armor)))
  return keys.some(({ fingerprint }) => fingerprint === key.fingerprint)
}

/** Then a first key counts for its own provider alone, or it would sign for the sibling whose fingerprints are pinned. */
function pinsSibling(config: TrustDeps['config'], { hostname, namespace }: SignedProvider): boolean {
  return listKeySources(config).some((source) => source.hostname === hostname && source.namespace === namespace)
}

interface Place {
  /** The only provider that it is for; empty: the namespace. */
  readonly type: string
  readonly state: 'trusted' | 'pending'
}

/** The copy that verified may have a new sub-key, without which clients refuse what it signed. */
async function keepFullerCopy({ database, clock }: TrustDeps, row: SigningKeyRow, key: SigningKey): Promise<void> {
  if (row.asciiArmor === key.asciiArmor || row.state === 'revoked') return
  const merged = await mergeSigningKeys(row.asciiArmor, key)
  if (merged.asciiArmor === row.asciiArmor) return
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    // First, as wherever keys change: who takes both locks takes them in one order.
    await bumpCatalogRevision(tx)
    await updateKeyCopy(tx, row.id, { asciiArmor: merged.asciiArmor, expiresAt: merged.expiresAt ?? null, examinedAt: at })
    await recordAudit(tx, { at, origin: systemOrigin('trust'), action: 'signing_key.extend', object: describeKey(row) })
  })
}

async function insertKey({ clock, logger }: TrustDeps, tx: Db, { provider, key, source, type, state }: SeenKey & Place): Promise<void> {
  const { fingerprint } = key
  const at = clock.now()
  const scope = { hostname: provider.hostname, namespace: provider.namespace, type }
  const inserted = await insertSigningKey(tx, {
    id: newId(),
    ...scope,
    ...columnsOf(key),
    source,
    state,
    createdAt: at,
    decidedAt: null,
    decidedBy: null,
    examinedAt: at,
  })
  if (!inserted) return
  logger.info({ ...scope, fingerprint, state }, 'signing key recorded')
  await recordAudit(tx, {
    at,
    origin: systemOrigin('trust'),
    action: 'signing_key.record',
    object: describeKey({ ...scope, fingerprint }),
    details: { state, source },
  })
}
