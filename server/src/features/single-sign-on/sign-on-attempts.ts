import { createHash } from 'node:crypto'
import type { UnixMs } from '../../base/clock.ts'
import { createState, isStateOf, randomText } from './browser-binding.ts'
import { deleteAttempts, findAttempt, insertAttempt, useAttempt } from './sign-on-attempt-queries.ts'
import type { SignOnDeps } from './sign-on-deps.ts'
import type { SignOnProvider } from './sign-on-providers.ts'
import { type RefusalReason, signOnRefused } from './sign-on-refusals.ts'

/** Time to sign in at the provider. */
export const ATTEMPT_LIFE_SECONDS = 600

const LIFE_MS = ATTEMPT_LIFE_SECONDS * 1000
/** A used or expired one is told from an unknown one for this long. */
const KEPT_MS = 60 * 60_000
const PURPOSE = 'sign_on_code_verifier'

/** What one sign-in is bound to. */
export interface SignOnAttempt {
  readonly state: string
  readonly nonce: string
  /** PKCE: only who began can use the code. */
  readonly codeVerifier: string
}

/** An attempt that came back. */
export interface TakenAttempt extends SignOnAttempt {
  /** Path of ours to go to afterwards. */
  readonly returnTo: string
}

type AttemptDeps = Pick<SignOnDeps, 'database' | 'clock'> & { readonly secrets: Pick<SignOnDeps['secrets'], 'seal' | 'unseal'> }

/** Begins an attempt: state, nonce and PKCE verifier of 256 random bits each, kept for ten minutes. */
export async function beginAttempt(
  deps: AttemptDeps,
  { provider, browserSecret, returnTo }: { readonly provider: SignOnProvider; readonly browserSecret: string; readonly returnTo: string },
): Promise<SignOnAttempt> {
  const { db } = deps.database
  const attempt = { state: createState(browserSecret), nonce: randomText(), codeVerifier: randomText() }
  const createdAt = deps.clock.now()
  await deleteAttempts(db, createdAt - KEPT_MS)
  await insertAttempt(db, {
    id: idOf(attempt.state),
    provider: provider.name,
    nonce: attempt.nonce,
    codeVerifier: deps.secrets.seal(attempt.codeVerifier, PURPOSE),
    returnTo,
    createdAt,
    expiresAt: createdAt + LIFE_MS,
    usedAt: null,
  })
  return attempt
}

/**
 * Finds the attempt of an answer and uses it up, whatever the answer turns out to be.
 *
 * @throws {RegistryError} SIGN_ON_REFUSED when it began in another browser or at another provider, is unknown, used or expired.
 */
export async function takeAttempt(
  deps: AttemptDeps,
  {
    provider,
    browserSecret,
    state,
  }: { readonly provider: SignOnProvider; readonly browserSecret: string | undefined; readonly state: string },
): Promise<TakenAttempt> {
  const refuse = (reason: RefusalReason) => signOnRefused(provider, reason)
  if (!isStateOf(browserSecret, state)) throw refuse('other_browser')
  const { db } = deps.database
  const row = await findAttempt(db, idOf(state))
  if (row === undefined) throw refuse('attempt_unknown')
  const nowMs = deps.clock.now()
  if (!(await useAttempt(db, row.id, nowMs))) throw refuse(isExpired(row, nowMs) ? 'attempt_expired' : 'attempt_used')
  if (row.provider !== provider.name) throw refuse('other_provider')
  const { nonce, returnTo } = row
  return { state, nonce, returnTo, codeVerifier: deps.secrets.unseal(row.codeVerifier, PURPOSE) }
}

function isExpired(row: { readonly usedAt: UnixMs | null; readonly expiresAt: UnixMs }, nowMs: UnixMs): boolean {
  return row.usedAt === null && row.expiresAt <= nowMs
}

function idOf(state: string): string {
  return createHash('sha256').update(state).digest('hex')
}
