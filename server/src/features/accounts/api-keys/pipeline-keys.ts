import type { UnixMs } from '../../../base/clock.ts'
import { encodeJson } from '../../../base/database/columns.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { newId } from '../../../base/ids.ts'
import type { AccountDeps } from '../account-deps.ts'
import { deleteEndedPipelineKeys, insertApiKey } from './api-key-queries.ts'
import { createApiKeySecret, displayPrefix, hashApiKey } from './api-key-secrets.ts'

/** A key for a pipeline; its trust rule answers for it in place of an owner. */
export interface IssuePipelineKey {
  readonly trustRuleId: string
  readonly organizationId: string
  readonly name: string
  readonly scopes: readonly string[]
  /** `null`: no restriction. */
  readonly namespaces: readonly string[] | null
  readonly createdAt: UnixMs
  readonly expiresAt: UnixMs
}

/** What was made; the secret cannot be shown again. */
export interface PipelineKey {
  readonly id: string
  readonly prefix: string
  readonly secret: string
}

/** Makes the key in the caller's transaction; the record in the audit is the caller's. */
export async function issuePipelineKey(
  { secrets }: { readonly secrets: Pick<AccountDeps['secrets'], 'apiKeyKey'> },
  tx: Db,
  { scopes, namespaces, ...input }: IssuePipelineKey,
): Promise<PipelineKey> {
  const secret = createApiKeySecret()
  const [id, prefix] = [newId(), displayPrefix(secret)]
  await insertApiKey(tx, {
    ...input,
    id,
    prefix,
    kind: 'ci',
    keyHash: hashApiKey(secret, secrets.apiKeyKey),
    scopes: encodeJson(scopes),
    namespaces: namespaces && encodeJson(namespaces),
  })
  return { id, prefix, secret }
}

/** Long enough to see on the list what a pipeline had. */
const KEPT_MS = 24 * 3_600_000

/** Removes keys of pipelines that ended a day ago. Several replicas may do so at once. */
export async function sweepPipelineKeys({ database, clock }: Pick<AccountDeps, 'database' | 'clock'>): Promise<number> {
  return await deleteEndedPipelineKeys(database.db, clock.now() - KEPT_MS)
}
