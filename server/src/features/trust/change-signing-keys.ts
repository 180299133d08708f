import type { UnixMs } from '../../base/clock.ts'
import { bumpCatalogRevision } from '../../base/database/catalog-revision.ts'
import type { Db } from '../../base/database/open-database.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { recordAudit } from '../audit/index.ts'
import { readSigningKey, type SigningKey } from '../verification/index.ts'
import { columnsOf, describeKey, formatKeyScope, parseKeyScope } from './key-scope.ts'
import {
  countVersionsSignedBy,
  decideSigningKey,
  deleteSigningKeyRow,
  findSigningKey,
  insertSigningKey,
  type SigningKeyRow,
} from './signing-key-queries.ts'
import type { TrustDeps } from './trust-deps.ts'

type ChangeDeps = Pick<TrustDeps, 'database' | 'clock'>

interface Change {
  readonly id: string
  readonly by: Origin
}

/** A key that an administrator brings. */
export interface NewSigningKey {
  /** `HOST/NAMESPACE` or `HOST/NAMESPACE/TYPE`. */
  readonly scope: string
  readonly armor: string
  /** What the administrator was told elsewhere; the key must have it. */
  readonly fingerprint: string | undefined
  readonly by: Origin
}

/**
 * Trusts a key that an administrator brings, beside those that are trusted already.
 * @throws {RegistryError} RULE_BROKEN, INVALID_SIGNING_KEY, SIGNING_KEY_CONFLICT when it is recorded for this scope already
 */
export async function addSigningKey({ database, clock }: ChangeDeps, input: NewSigningKey): Promise<SigningKeyRow> {
  const scope = parseKeyScope(input.scope)
  const key = await readSigningKey(input.armor)
  requireFingerprint(key, input.fingerprint)
  const at = clock.now()
  const row = { id: newId(), ...scope, ...columnsOf(key), source: 'administrator', createdAt: at, examinedAt: at }
  const decision = { state: 'trusted', decidedAt: at, decidedBy: input.by.actor.name }
  return database.db.transaction().execute(async (tx) => {
    await bumpCatalogRevision(tx)
    if (!(await insertSigningKey(tx, { ...row, ...decision }))) throw alreadyThere(formatKeyScope(scope), key)
    const found = await requireKey(tx, row.id, 'add')
    await recordAudit(tx, { origin: input.by, at, action: 'signing_key.add', object: describeKey(found) })
    return found
  })
}

function requireFingerprint({ fingerprint }: SigningKey, expected: string | undefined): void {
  if (expected === undefined || expected.replaceAll(/[\s:]/g, '').toUpperCase() === fingerprint) return
  throw new RegistryError('INVALID_SIGNING_KEY', `Cannot use the signing key: its fingerprint is ${fingerprint}`, {
    hint: 'It is not the key that you were told of; ask its owner',
    detail: { expected, found: fingerprint },
  })
}

/**
 * Ends a key: what it signs from then on does not count, what it signed before stays good. For a key that was stolen reject it, for
 * who has it can write any time into a signature.
 * @param at Unix milliseconds; default: now.
 * @throws {RegistryError} SIGNING_KEY_NOT_FOUND, SIGNING_KEY_CONFLICT when it is not trusted
 */
export async function retireSigningKey({ database, clock }: ChangeDeps, { id, by, at }: Change & { readonly at: UnixMs | undefined }) {
  const now = clock.now()
  const retiredAt = at ?? now
  return database.db.transaction().execute(async (tx) => {
    await bumpCatalogRevision(tx)
    const key = await requireKey(tx, id, 'retire')
    if (key.state !== 'trusted') throw wrongState('retire', key)
    await decideSigningKey(tx, id, { state: 'trusted', decidedAt: now, decidedBy: by.actor.name, retiredAt })
    const details = { retired_at: new Date(retiredAt).toISOString() }
    await recordAudit(tx, { origin: by, at: now, action: 'signing_key.retire', object: describeKey(key), details })
    return requireKey(tx, id, 'retire')
  })
}

/**
 * Forgets a key. Without any key left, the next one that signs in the namespace is pinned as if it were the first.
 * @throws {RegistryError} SIGNING_KEY_NOT_FOUND, SIGNING_KEY_CONFLICT while something that it signed is held: clients need the key
 */
export async function deleteSigningKey({ database, clock }: ChangeDeps, { id, by }: Change): Promise<void> {
  const at = clock.now()
  await database.db.transaction().execute(async (tx) => {
    await bumpCatalogRevision(tx)
    const key = await requireKey(tx, id, 'delete')
    const versions = await countVersionsSignedBy(tx, key)
    if (versions > 0) throw stillNeeded(key, versions)
    await deleteSigningKeyRow(tx, id)
    await recordAudit(tx, { origin: by, at, action: 'signing_key.delete', object: describeKey(key) })
  })
}

/** @throws {RegistryError} SIGNING_KEY_NOT_FOUND */
export async function requireKey(db: Db, id: string, action: string): Promise<SigningKeyRow> {
  const key = await findSigningKey(db, id)
  if (key !== undefined) return key
  throw new RegistryError('SIGNING_KEY_NOT_FOUND', `Cannot ${action} signing key "${id}": there is none with this id`, {
    hint: 'The ids are in the list at /api/v1/admin/signing-keys',
  })
}

/** The failure of an action that the state of a key does not allow. */
export function wrongState(action: string, key: SigningKeyRow): RegistryError {
  return new RegistryError('SIGNING_KEY_CONFLICT', `Cannot ${action} signing key "${key.fingerprint}": it is ${key.state}`, {
    hint:
      key.state === 'revoked'
        ? 'Its owner has taken it back; add the key that came after it'
        : 'Accept it first: terrace signing-key accept',
  })
}

function alreadyThere(scope: string, { fingerprint }: SigningKey): RegistryError {
  return new RegistryError('SIGNING_KEY_CONFLICT', `Cannot add signing key "${fingerprint}" for "${scope}": it is recorded already`, {
    hint: 'Accept it where it waits: terrace signing-key accept',
  })
}

function stillNeeded({ fingerprint }: SigningKeyRow, versions: number): RegistryError {
  const held = versions === 1 ? 'a version that is held is' : `${versions} versions that are held are`
  return new RegistryError('SIGNING_KEY_CONFLICT', `Cannot delete signing key "${fingerprint}": ${held} signed with it`, {
    hint: 'Clients need it to check them. To take nothing more from it, retire or reject it',
    detail: { versions },
  })
}
