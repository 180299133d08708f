import { API_GROUPS, type CommandDefinition } from './command-definition.ts'

/** API keys. */
export const KEY_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'key create',
    summary: 'Make an API key for a pipeline or a client',
    description:
      'The key is written to standard output and never shown again. It allows what its scopes say, and never more than you may do yourself.',
    arguments: [{ syntax: '<name>', description: 'What the key is for, as lists and the audit show it' }],
    options: [
      { flags: '--scope <scope>', description: 'What the key allows, for example providers:write; may be repeated', repeatable: true },
      { flags: '--expires <when>', description: 'After a span such as 90d, 12h or 2w, or on a day such as 2030-01-31; default: never' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'A key that publishes providers for 90 days', command: 'terrace key create ci --scope providers:write --expires 90d' },
      {
        explains: 'A key that loads providers, kept in a file',
        command: 'terrace key create loader --scope mirrors:manage --quiet > api-key',
      },
    ],
    load: async () => (await import('../commands/key-create.ts')).createKey,
  },
  {
    name: 'key list',
    summary: 'List API keys',
    groups: API_GROUPS,
    examples: [
      { explains: 'Show names, scopes and ends', command: 'terrace key list' },
      { explains: 'The ids only', command: 'terrace key list --plain | cut -f 1' },
    ],
    load: async () => (await import('../commands/key-list.ts')).listKeys,
  },
  {
    name: 'key revoke',
    summary: 'Revoke an API key, at once and for ever',
    arguments: [{ syntax: '<id>', description: 'Id from "terrace key list"' }],
    options: [{ flags: '--force', description: 'Do not ask' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Revoke a key after a question', command: 'terrace key revoke 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f' },
      { explains: 'From a script', command: 'terrace key revoke 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f --force' },
    ],
    load: async () => (await import('../commands/key-revoke.ts')).revokeKey,
  },
]
