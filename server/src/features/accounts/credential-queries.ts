import { prepareQuery } from '../../base/database/statements/prepared-query.ts'

/** A role of somebody in an organisation; null parts when they have none at all. */
export interface MembershipRow {
  readonly memberOf: string | null
  /** JSON array. */
  readonly roleScopes: string | null
}

/** The API key of a hash with what its owner, or the rule it comes from, may do now: one row per membership of the owner. */
export const findApiKeyRows = prepareQuery((db, keyHash) =>
  db
    .selectFrom('apiKeys')
    .leftJoin('users', 'users.id', 'apiKeys.userId')
    .leftJoin('trustRules', 'trustRules.id', 'apiKeys.trustRuleId')
    .leftJoin('organizationMembers', 'organizationMembers.userId', 'users.id')
    .leftJoin('roleTemplates', 'roleTemplates.id', 'organizationMembers.roleTemplateId')
    .select([
      'apiKeys.id',
      'apiKeys.userId',
      'apiKeys.name',
      'apiKeys.scopes',
      'apiKeys.organizationId',
      'apiKeys.namespaces',
      'apiKeys.expiresAt',
      'apiKeys.revokedAt',
      'users.username',
      'users.scopes as ownerScopes',
      'users.disabledAt',
      'trustRules.scopes as ruleScopes',
      'trustRules.disabledAt as ruleDisabledAt',
      'organizationMembers.organizationId as memberOf',
      'roleTemplates.scopes as roleScopes',
    ])
    .where('apiKeys.keyHash', '=', keyHash),
)

/** A session with what its user may do now: one row per membership. */
export const findSessionRows = prepareQuery((db, sessionId) =>
  db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.userId')
    .leftJoin('organizationMembers', 'organizationMembers.userId', 'users.id')
    .leftJoin('roleTemplates', 'roleTemplates.id', 'organizationMembers.roleTemplateId')
    .select([
      'sessions.id',
      'sessions.userId',
      'sessions.expiresAt',
      'sessions.revokedAt',
      'users.username',
      'users.scopes as ownerScopes',
      'users.disabledAt',
      'organizationMembers.organizationId as memberOf',
      'roleTemplates.scopes as roleScopes',
    ])
    .where('sessions.id', '=', sessionId),
)
