import { ACCOUNT_COMMANDS } from './account-commands.ts'
import { AUDIT_COMMANDS } from './audit-commands.ts'
import { BUNDLE_COMMANDS } from './bundle/bundle-commands.ts'
import { BUNDLE_IMPORT_COMMANDS } from './bundle/bundle-import-commands.ts'
import { CI_COMMANDS } from './ci-commands.ts'
import type { CommandDefinition } from './command-definition.ts'
import { KEY_COMMANDS } from './key-commands.ts'
import { LOCK_COMMANDS } from './lock-commands.ts'
import { MIRROR_COMMANDS } from './mirror-commands.ts'
import { MIRROR_CONFIGURATION_COMMANDS } from './mirror-configuration-commands.ts'
import { MIRROR_MODULE_COMMANDS } from './mirror-module-commands.ts'
import { MIRROR_APPROVAL_COMMANDS, MIRROR_POLICY_COMMANDS } from './mirror-policy-commands.ts'
import { MODULE_COMMANDS } from './module-commands.ts'
import { NAMESPACE_COMMANDS } from './namespace-commands.ts'
import { ORG_COMMANDS, ORG_MEMBER_COMMANDS, ORG_ROLE_COMMANDS } from './org-commands.ts'
import { PROVIDER_COMMANDS } from './provider-commands.ts'
import { NOTIFICATION_COMMANDS, QUARANTINE_COMMANDS } from './quarantine-commands.ts'
import { SIGNING_KEY_COMMANDS } from './signing-key-commands.ts'
import { USER_COMMANDS } from './user-commands.ts'

/** Every client command, in the order of the help. */
export const COMMANDS: readonly CommandDefinition[] = [
  ...ACCOUNT_COMMANDS,
  ...MIRROR_COMMANDS,
  ...MIRROR_CONFIGURATION_COMMANDS,
  ...MIRROR_POLICY_COMMANDS,
  ...MIRROR_APPROVAL_COMMANDS,
  ...MIRROR_MODULE_COMMANDS,
  ...BUNDLE_COMMANDS,
  ...BUNDLE_IMPORT_COMMANDS,
  ...QUARANTINE_COMMANDS,
  ...NOTIFICATION_COMMANDS,
  ...MODULE_COMMANDS,
  ...PROVIDER_COMMANDS,
  ...LOCK_COMMANDS,
  ...SIGNING_KEY_COMMANDS,
  ...KEY_COMMANDS,
  ...CI_COMMANDS,
  ...USER_COMMANDS,
  ...ORG_COMMANDS,
  ...ORG_MEMBER_COMMANDS,
  ...ORG_ROLE_COMMANDS,
  ...NAMESPACE_COMMANDS,
  ...AUDIT_COMMANDS,
]

/** Words that commands begin with, without the last one. */
export const NOUNS: Readonly<Record<string, string>> = {
  mirror: 'Load providers from upstreams',
  'mirror policy': 'Say which providers of upstreams may come in',
  'mirror approval': 'Ask for exceptions, and decide about them',
  'mirror module': 'Look after the public modules that are held',
  bundle: 'Carry providers and modules into networks without a way out',
  quarantine: 'Decide about packages that failed verification',
  notification: 'What administrators should know',
  module: 'Publish, read, compare and withdraw modules',
  provider: 'Publish, list, lock and withdraw providers',
  'signing-key': 'Decide whose signatures count',
  key: 'Make, change, rotate and revoke API keys',
  'trust-rule': 'Say which pipelines get keys without a stored secret',
  token: 'Get a key for a pipeline',
  user: 'Make, change and delete users',
  org: 'Organisations, their members and roles',
  'org member': 'Say who has which role in an organisation',
  'org role': 'Say what a role of an organisation allows',
  namespace: 'Say whose a namespace is, and who reads it',
  audit: 'Read the record of every change and denied attempt, and prove that it is whole',
}
