import type { Migration } from '../migration.ts'
import { initialMigration } from './0001-initial.ts'
import { modulesMigration } from './0002-modules.ts'
import { moduleSearchMigration } from './0003-module-search.ts'
import { identityMigration } from './0004-identity.ts'
import { auditChainMigration } from './0005-audit-chain.ts'
import { grantedRolesMigration } from './0006-granted-roles.ts'
import { moduleListIndexMigration } from './0007-module-list-index.ts'
import { statelessRefusalsMigration } from './0008-stateless-refusals.ts'
import { upstreamVersionListsMigration } from './0009-upstream-version-lists.ts'
import { mirrorPoliciesMigration } from './0010-mirror-policies.ts'
import { mirrorConfigurationsMigration } from './0011-mirror-configurations.ts'
import { notificationsMigration } from './0012-notifications.ts'
import { trustMigration } from './0013-trust.ts'
import { upstreamSignedVersionsMigration } from './0014-upstream-signed-versions.ts'
import { upstreamModulesMigration } from './0015-upstream-modules.ts'
import { mirrorRunOmissionsMigration } from './0016-mirror-run-omissions.ts'
import { quarantineDecisionsMigration } from './mirroring/0017-quarantine-decisions.ts'
import { bundleImportsMigration } from './mirroring/0018-bundle-imports.ts'
import { moduleListSpellingMigration } from './mirroring/0019-module-list-spelling.ts'

/** Every migration, in order and without gaps. A released one is never edited; a change of the schema is a new one. */
export const MIGRATIONS: readonly Migration[] = [
  initialMigration,
  modulesMigration,
  moduleSearchMigration,
  identityMigration,
  auditChainMigration,
  grantedRolesMigration,
  moduleListIndexMigration,
  statelessRefusalsMigration,
  upstreamVersionListsMigration,
  mirrorPoliciesMigration,
  mirrorConfigurationsMigration,
  notificationsMigration,
  trustMigration,
  upstreamSignedVersionsMigration,
  upstreamModulesMigration,
  mirrorRunOmissionsMigration,
  quarantineDecisionsMigration,
  bundleImportsMigration,
  moduleListSpellingMigration,
]
