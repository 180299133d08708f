import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import { systemOrigin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { recordAudit } from '../audit/index.ts'
import { mergeSigningKeys, type SigningKey } from '../verification/index.ts'
import { insertSigningKey, listSigningKeysOf, type SigningKeyRow, updateKeyArmor } from './signing-key-queries.ts'
import type { TrustDeps } from './trust-deps.ts'
import type { KeyScope } from './trusted-keys.ts'

/** A key that has made a good signature, and where it came from. */
export interface SignedBy {
  readonly scope: KeyScope
  readonly key: SigningKey
  readonly source: 'announced' | 'publisher' | 'administrator'
}

/**
 * Keys a signature of this namespace may be checked with, as armored blocks. Keys named in the configuration stand alone;
 * without them these are the keys pinned before and the ones just announced, which {@link trustSigningKey} then judges.
 */
export async function listCandidateKeys(
  deps: TrustDeps,
  input: { readonly scope: KeyScope; readonly announced: readonly string[] },
): Promise<string[]> {
  const configured = deps.trustedKeys.forNamespace(input.scope)
  if (configured.length > 0) return [...configured]
  const known = await listSigningKeysOf(deps.database.db, input.scope.hostname, input.scope.namespace)
  return [...known.map((row) => row.asciiArmor), ...input.announced]
}

/**
 * Decides whether the key that made a good signature may sign for the namespace, and pins the first one.
 * Another key later waits for an administrator (`providers.key_pinning`); a rejected one is never accepted.
 *
 * @returns a warning to keep with the version, when the policy let a new key pass.
 * @throws {RegistryError} SIGNING_KEY_CONFLICT when the key has to be accepted first.
 */
export async function trustSigningKey(deps: TrustDeps, input: SignedBy): Promise<string | undefined> {
  const { scope, key } = input
  const isConfigured = deps.trustedKeys.forNamespace(scope).length > 0
  // A configured key is recorded all the same: the registry protocol hands the public key out later.
  const known = isConfigured
    ? await recordKey(deps, { ...input, source: 'administrator' }, () => 'trusted')
    : await recordKey(deps, input, stateOfNewKey)
  const own = known.find((row) => row.fingerprint === key.fingerprint)
  if (own?.state === 'rejected') throw conflict(scope, key.fingerprint, 'an administrator has rejected it')
  if (isConfigured || own?.state === 'trusted') return undefined
  return judgeNewKey(deps, { scope, fingerprint: key.fingerprint, pinned: known.find(isTrusted)?.fingerprint })
}

/** Only the very first key is pinned: after a rejected one, an administrator decides, or the next comer would take its place. */
function stateOfNewKey(others: readonly SigningKeyRow[]): 'trusted' | 'pending' {
  return others.length === 0 ? 'trusted' : 'pending'
}

function isTrusted({ state }: SigningKeyRow): boolean {
  return state === 'trusted'
}

/** Records a key that is new to the namespace; answers all keys of the namespace. Known keys keep their state. */
async function recordKey(
  deps: TrustDeps,
  input: SignedBy,
  stateAmong: (others: readonly SigningKeyRow[]) => 'trusted' | 'pending',
): Promise<readonly SigningKeyRow[]> {
  const { scope, key } = input
  const { database } = deps
  const list = (db: Db) => listSigningKeysOf(db, scope.hostname, scope.namespace)
  const known = await list(database.db)
  const own = known.find((row) => row.fingerprint === key.fingerprint)
  if (own !== undefined) {
    await keepFullerCopy(deps, own, key)
    return known
  }
  return database.db.transaction().execute(async (tx) => {
    // The revision's row is the lock: of two first keys that come at once, one is the pin.
    await bumpCatalogRevision(tx)
    await insertKey(deps, tx, { ...input, state: stateAmong(await list(tx)) })
    return list(tx)
  })
}

/** The copy that verified may have a new sub-key, without which clients refuse what it signed. */
async function keepFullerCopy({ database, clock }: TrustDeps, row: SigningKeyRow, key: SigningKey): Promise<void> {
  if (row.asciiArmor === key.asciiArmor) return
  const { asciiArmor } = await mergeSigningKeys(row.asciiArmor, key)
  if (asciiArmor === row.asciiArmor) return
  await database.db.transaction().execute(async (tx) => {
    await updateKeyArmor(tx, row.id, asciiArmor)
    await bumpCatalogRevision(tx)
    const object = `${row.hostname}/${row.namespace} ${row.fingerprint}`
    await recordAudit(tx, { at: clock.now(), origin: systemOrigin('trust'), action: 'signing_key.extend', object })
  })
}

async function insertKey(
  { clock, logger }: TrustDeps,
  tx: Db,
  { scope, key, source, state }: SignedBy & { readonly state: 'trusted' | 'pending' },
): Promise<void> {
  const { fingerprint, keyId, userId, asciiArmor } = key
  const at = clock.now()
  const inserted = await insertSigningKey(tx, {
    id: newId(),
    ...scope,
    fingerprint,
    keyId,
    userId,
    asciiArmor,
    source,
    state,
    createdAt: at,
    decidedAt: null,
    decidedBy: null,
  })
  if (!inserted) return
  logger.info({ ...scope, fingerprint, state }, 'signing key recorded')
  await recordAudit(tx, {
    at,
    origin: systemOrigin('trust'),
    action: 'signing_key.record',
    object: `${scope.hostname}/${scope.namespace} ${fingerprint}`,
    details: { state, source },
  })
}

function judgeNewKey(
  deps: TrustDeps,
  { scope, fingerprint, pinned }: { scope: KeyScope; fingerprint: string; pinned: string | undefined },
): string | undefined {
  const state = pinned === undefined ? 'no other key is trusted' : `key ${pinned} is pinned`
  switch (deps.config.providers.keyPinning) {
    case 'off':
      return undefined
    case 'warn':
      return `Signed by key ${fingerprint}, which waits for an administrator; for "${scope.hostname}/${scope.namespace}" ${state}`
    case 'enforce':
      throw conflict(scope, fingerprint, `${state} and the new one waits for an administrator`)
  }
}

function conflict({ hostname, namespace }: KeyScope, fingerprint: string, state: string): RegistryError {
  return new RegistryError('SIGNING_KEY_CONFLICT', `Cannot trust signing key "${fingerprint}" for "${hostname}/${namespace}": ${state}`, {
    hint: 'Compare the fingerprint with the one its owner publishes, then accept or reject it: terrace signing-key list',
    detail: { fingerprint, hostname, namespace },
  })
}
