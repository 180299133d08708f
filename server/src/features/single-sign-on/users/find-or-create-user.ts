import type { UnixMs } from '../../../base/clock.ts'
import { encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { newId } from '../../../base/ids.ts'
import { revokeKeysOfUser, revokeLiveSessions } from '../../accounts/index.ts'
import type { SignOnIdentity } from '../identity-claims.ts'
import type { SignOnProvider } from '../sign-on-providers.ts'
import { signOnRefused } from '../sign-on-refusals.ts'
import { usernameCandidates } from './choose-username.ts'
import {
  clearPassword,
  findUserByEmail,
  findUserByIdentity,
  insertIdentity,
  insertUser,
  listTakenNames,
  updateIdentity,
  updateProfile,
} from './identity-queries.ts'

/** Who signs in. */
export interface SignOnInput {
  readonly provider: SignOnProvider
  readonly identity: SignOnIdentity
  readonly at: UnixMs
}

/** Who it is here. */
export interface FoundUser {
  readonly id: string
  readonly username: string
  /** What happened to them, for the audit. */
  readonly change: 'user.create' | 'user_identity.link' | undefined
}

/**
 * The user of an identity: known by issuer and subject, by nothing else. Somebody new is linked to the user with their verified
 * e-mail address, or becomes a user, as far as the provider's settings allow either.
 *
 * @throws {RegistryError} SIGN_ON_REFUSED for a disabled user, an address that another user has, and a stranger.
 */
export async function findOrCreateUser(tx: Db, input: SignOnInput): Promise<FoundUser> {
  const { provider, identity, at } = input
  const known = await findUserByIdentity(tx, identity)
  if (known === undefined) return addUser(tx, input)
  // Signing in never brings a disabled user back (reliability.md row 23).
  if (known.disabledAt !== null) throw signOnRefused(provider, 'disabled')
  const { displayName, email } = identity
  const isFree = email !== null && email !== known.email && (await findUserByEmail(tx, email)) === undefined
  await updateProfile(tx, known.id, { displayName, email: isFree ? email : null })
  await updateIdentity(tx, identity, { email, at })
  return { id: known.id, username: known.username, change: undefined }
}

async function addUser(tx: Db, input: SignOnInput): Promise<FoundUser> {
  const { provider, identity, at } = input
  const holder = identity.email === null ? undefined : await findUserByEmail(tx, identity.email)
  if (holder !== undefined && !provider.linkByEmail) throw signOnRefused(provider, 'email_taken')
  if (holder !== undefined && holder.disabledAt !== null) throw signOnRefused(provider, 'disabled')
  if (holder === undefined && !provider.createUsers) throw signOnRefused(provider, 'no_user')
  const user = holder ?? (await createUser(tx, input))
  if (holder !== undefined) {
    await updateProfile(tx, holder.id, { displayName: identity.displayName, email: null })
    await closeOtherWays(tx, holder.id, at)
  }
  const { issuer, subject, email } = identity
  await insertIdentity(tx, { id: newId(), userId: user.id, issuer, subject, email, createdAt: at, lastSignInAt: at })
  return { id: user.id, username: user.username, change: holder === undefined ? 'user.create' : 'user_identity.link' }
}

/** Whoever made the account ready for somebody else has no way in once that person is linked to it. */
async function closeOtherWays(tx: Db, userId: string, at: UnixMs): Promise<void> {
  await clearPassword(tx, userId)
  await revokeLiveSessions(tx, { userId, nowMs: at })
  await revokeKeysOfUser(tx, userId, at)
}

/** Without a password, so that there is no other way in, and without scopes: roles come from groups or from an administrator. */
async function createUser(tx: Db, { provider, identity, at }: SignOnInput): Promise<{ id: string; username: string }> {
  const candidates = usernameCandidates(identity.nameHint)
  const taken = new Set(await listTakenNames(tx, candidates))
  const username = candidates.find((name) => !taken.has(name))
  if (username === undefined) throw signOnRefused(provider, 'no_user')
  const { displayName, email } = identity
  const user = { id: newId(), username }
  await insertUser(tx, { ...user, passwordHash: null, scopes: encodeJson([]), displayName, email, createdAt: at, disabledAt: null })
  return user
}
