import { ACCOUNT_COMMANDS } from './account-commands.ts'
import { AUDIT_COMMANDS } from './audit-commands.ts'
import type { CommandDefinition } from './command-definition.ts'
import { KEY_COMMANDS } from './key-commands.ts'
import { MIRROR_COMMANDS } from './mirror-commands.ts'
import { MODULE_COMMANDS } from './module-commands.ts'
import { PROVIDER_COMMANDS } from './provider-commands.ts'
import { SIGNING_KEY_COMMANDS } from './signing-key-commands.ts'

/** Every client command, in the order of the help. */
export const COMMANDS: readonly CommandDefinition[] = [
  ...ACCOUNT_COMMANDS,
  ...MIRROR_COMMANDS,
  ...MODULE_COMMANDS,
  ...PROVIDER_COMMANDS,
  ...SIGNING_KEY_COMMANDS,
  ...KEY_COMMANDS,
  ...AUDIT_COMMANDS,
]

/** First words of the commands that have two. */
export const NOUNS: Readonly<Record<string, string>> = {
  mirror: 'Load providers from upstreams',
  module: 'Publish, read, compare and withdraw modules',
  provider: 'Publish, list and withdraw providers',
  'signing-key': 'Decide whose signatures count',
  key: 'Make and revoke API keys',
  audit: 'Read the record of every change and denied attempt, and prove that it is whole',
}
