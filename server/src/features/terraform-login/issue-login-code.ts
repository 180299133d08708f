import { createHash, randomBytes } from 'node:crypto'
import { TERRAFORM_LOGIN } from '@terrace/protocol/discovery.ts'
import { encodeJson } from '../../base/database/columns.ts'
import type { Actor, Origin } from '../../base/http/edge-types.ts'
import type { Scope } from '../access/index.ts'
import { recordAudit } from '../audit/index.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { deleteLoginCodes, insertLoginCode } from './login-code-queries.ts'
import { createRefusalCode } from './refusal-codes.ts'
import type { TerraformLoginDeps } from './terraform-login-deps.ts'

const CODE_BYTES = 32
/** The CLI exchanges the code at once; RFC 6749, section 4.1.2 allows ten minutes at most. */
const CODE_LIFE_MS = 60_000
/** Used codes are remembered for so long, to notice a second use. */
const KEEP_MS = 24 * 60 * 60 * 1000

/** A signed-in person. */
export interface SignedIn extends Actor {
  readonly id: string
}

/** What somebody decided about a request. */
export interface LoginDecision {
  readonly request: AuthorizationRequest
  readonly actor: SignedIn
  readonly origin: Origin
}

type CodeDeps = Pick<TerraformLoginDeps, 'database' | 'clock' | 'secrets'>

/** What is stored of a code: nothing that anybody could exchange. */
export function hashLoginCode(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}

/** Allows a login: the answer is a code of 256 random bits, to be exchanged once within a minute. */
export async function allowLogin(
  { database, clock }: CodeDeps,
  { request, actor, origin }: LoginDecision,
  scopes: readonly Scope[],
): Promise<string> {
  const code = randomBytes(CODE_BYTES).toString('base64url')
  const createdAt = clock.now()
  await database.db.transaction().execute(async (tx) => {
    await deleteLoginCodes(tx, createdAt - KEEP_MS)
    await insertLoginCode(tx, {
      codeHash: hashLoginCode(code),
      userId: actor.id,
      clientId: TERRAFORM_LOGIN.client,
      redirectUri: request.redirectUri,
      codeChallenge: request.codeChallenge,
      scopes: encodeJson(scopes),
      createdAt,
      expiresAt: createdAt + CODE_LIFE_MS,
      usedAt: null,
      apiKeyId: null,
    })
    await recordAudit(tx, { at: createdAt, origin, action: 'terraform_login.allow', object: actor.name, details: { scopes } })
  })
  return code
}

/** Refuses a login in the name of a signed-in person: the answer is a code that the token endpoint turns down. */
export async function refuseLogin(deps: CodeDeps, { actor, origin }: Omit<LoginDecision, 'request'>): Promise<string> {
  const { database, clock } = deps
  await recordAudit(database.db, { at: clock.now(), origin, action: 'terraform_login.refuse', object: actor.name })
  return createRefusalCode(deps, 'You refused the login')
}
