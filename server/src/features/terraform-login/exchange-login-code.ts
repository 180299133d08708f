import { createHash, timingSafeEqual } from 'node:crypto'
import type { UnixMs } from '../../base/clock.ts'
import { decodeJson } from '../../base/database/columns.ts'
import type { Db } from '../../base/database/open-database.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { newId } from '../../base/ids.ts'
import { issueLoginKey, revokeLoginKey } from '../accounts/index.ts'
import { recordAudit } from '../audit/index.ts'
import { hashLoginCode } from './issue-login-code.ts'
import { findLoginCode, setKeyOfLoginCode, useLoginCode } from './login-code-queries.ts'
import { readRefusalCode } from './refusal-codes.ts'
import type { TerraformLoginDeps } from './terraform-login-deps.ts'

/** The request of the CLI. */
export interface CodeExchange {
  readonly clientId: string
  readonly code: string
  readonly codeVerifier: string
  readonly redirectUri: string
  /** Name of this registry for the list of keys; empty when it is not known. */
  readonly host: string
  readonly origin: Origin
  /** Told of a code that nobody was given. */
  readonly onUnknownCode: () => void
}

/** A token, or an error of RFC 6749, section 5.2, with words for the terminal: printable ASCII without quotes. */
export type ExchangeOutcome =
  | { readonly token: string }
  | { readonly error: 'access_denied' | 'invalid_grant'; readonly description: string }

type StoredCode = NonNullable<Awaited<ReturnType<typeof findLoginCode>>>

const DAY_MS = 24 * 60 * 60 * 1000

// RFC 7636, section 4.1.
const VERIFIER = /^[\w.~-]{43,128}$/

const invalid = (description: string): ExchangeOutcome => ({ error: 'invalid_grant', description })

function verifies(verifier: string, challenge: string): boolean {
  if (!VERIFIER.test(verifier)) return false
  const computed = Buffer.from(createHash('sha256').update(verifier).digest('base64url'))
  const expected = Buffer.from(challenge)
  return computed.length === expected.length && timingSafeEqual(computed, expected)
}

/**
 * Exchanges a code for a token, which is an API key of its owner. The first try uses the code up, whatever comes of it: who got
 * hold of a code has one guess at its verifier. A second try revokes the key that the first one got, because one of the two was
 * a thief (RFC 6749, section 4.1.2). Of many tries at the same time one is the first.
 */
export async function exchangeLoginCode(deps: TerraformLoginDeps, input: CodeExchange): Promise<ExchangeOutcome> {
  const refusal = readRefusalCode(deps, input.code)
  if (refusal !== undefined) return { error: 'access_denied', description: refusal }
  const codeHash = hashLoginCode(input.code)
  const nowMs = deps.clock.now()
  return await deps.database.db.transaction().execute(async (tx) => {
    const isFirst = await useLoginCode(tx, codeHash, nowMs)
    const stored = await findLoginCode(tx, codeHash)
    if (stored === undefined) return refuseUnknown(input)
    if (!isFirst) return await refuseSecondUse(tx, stored, { nowMs, origin: input.origin })
    const problem = findProblem(stored, input, nowMs)
    if (problem === undefined) return await issueToken(deps, tx, { stored, input, codeHash })
    return await refuse(tx, stored, { nowMs, origin: input.origin, problem })
  })
}

function refuseUnknown({ onUnknownCode }: CodeExchange): ExchangeOutcome {
  onUnknownCode()
  return invalid('The code of the login is unknown')
}

interface Refusal {
  readonly nowMs: UnixMs
  readonly origin: Origin
}

/** Somebody has a code that is real and gets nothing for it. */
async function refuse(tx: Db, { username }: StoredCode, { nowMs, origin, problem }: Refusal & { readonly problem: string }) {
  const details = { kind: 'login', reason: problem }
  await recordAudit(tx, { at: nowMs, origin, action: 'api_key.create', object: username, outcome: 'denied', details })
  return invalid(problem)
}

function findProblem(stored: StoredCode, input: CodeExchange, nowMs: UnixMs): string | undefined {
  if (stored.expiresAt <= nowMs) return 'The code of the login has expired. Run terraform login again'
  if (stored.clientId !== input.clientId) return 'The code of the login was given to another client'
  if (stored.redirectUri !== input.redirectUri) return 'The redirect_uri differs from the one of the login'
  if (!verifies(input.codeVerifier, stored.codeChallenge)) return 'The code_verifier does not match the login'
  return stored.disabledAt === null ? undefined : 'The user of the login is disabled'
}

async function refuseSecondUse(tx: Db, stored: StoredCode, { nowMs, origin }: Refusal): Promise<ExchangeOutcome> {
  const { apiKeyId } = stored
  if (apiKeyId === null) return await refuse(tx, stored, { nowMs, origin, problem: 'The code of the login was used before' })
  await revokeLoginKey(tx, { id: apiKeyId, at: nowMs, origin, reason: 'its login code was used twice' })
  return invalid('The code of the login was used before, so its token was revoked. Run terraform login again')
}

interface Issue {
  readonly stored: StoredCode
  readonly input: CodeExchange
  readonly codeHash: string
}

async function issueToken(deps: TerraformLoginDeps, tx: Db, { stored, input, codeHash }: Issue): Promise<ExchangeOutcome> {
  const createdAt = deps.clock.now()
  const { loginTokenDays } = deps.config.auth
  const day = new Date(createdAt).toISOString().slice(0, 10)
  const id = newId()
  await setKeyOfLoginCode(tx, codeHash, id)
  const token = await issueLoginKey(deps, tx, {
    id,
    owner: { id: stored.userId, username: stored.username },
    name: ['terraform login', ...(input.host === '' ? [] : ['on', input.host]), day].join(' '),
    scopes: decodeJson<string[]>(stored.scopes),
    createdAt,
    expiresAt: loginTokenDays === 0 ? null : createdAt + loginTokenDays * DAY_MS,
    origin: input.origin,
  })
  return { token }
}
