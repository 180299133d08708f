import { API_GROUPS, type CommandDefinition, type OptionDefinition } from './command-definition.ts'

const ID = { syntax: '<id>', description: 'Id from "terrace key list"' }
const SCOPE: OptionDefinition = {
  flags: '--scope <scope>',
  description: 'What the key allows, for example providers:write; may be repeated',
  repeatable: true,
}
const NAMESPACE: OptionDefinition = {
  flags: '--namespace <name>',
  description: 'The only namespace that the key may change; may be repeated',
  repeatable: true,
}

/** API keys. */
export const KEY_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'key create',
    summary: 'Make an API key for a pipeline or a client',
    description:
      'The key is written to standard output and never shown again. It allows what its scopes say, and never more than you may do yourself.',
    arguments: [{ syntax: '<name>', description: 'What the key is for, as lists and the audit show it' }],
    options: [
      SCOPE,
      { flags: '--expires <when>', description: 'After a span such as 90d, 12h or 2w, or on a day such as 2030-01-31; default: never' },
      { flags: '--organization <name>', description: 'The only organisation in which the key counts; default: all of yours' },
      NAMESPACE,
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'A key that publishes providers for 90 days', command: 'terrace key create ci --scope providers:write --expires 90d' },
      {
        explains: 'A key that publishes modules in one namespace only',
        command: 'terrace key create release --scope modules:write --organization acme --namespace acme --expires 90d',
      },
      {
        explains: 'A key that loads providers, kept in a file',
        command: 'terrace key create loader --scope mirrors:manage --quiet > api-key',
      },
    ],
    load: async () => (await import('../commands/key/key-create.ts')).createKey,
  },
  {
    name: 'key list',
    summary: 'List API keys',
    options: [{ flags: '--all', description: 'Keys of everybody, or of your organisations; needs users:read' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Show names, scopes and ends', command: 'terrace key list' },
      { explains: 'The ids only', command: 'terrace key list --plain | cut -f 1' },
    ],
    load: async () => (await import('../commands/key/key-list.ts')).listKeys,
  },
  {
    name: 'key edit',
    summary: 'Change name, scopes, namespaces or end of an API key',
    description: 'What is not given stays. The change acts with the next request of the key.',
    arguments: [ID],
    options: [
      { flags: '--name <name>', description: 'Another name' },
      SCOPE,
      { flags: '--expires <when>', description: 'Another end, as for "key create", or "never"' },
      NAMESPACE,
      { flags: '--all-namespaces', description: 'The key may change every namespace that you may' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Let a key live longer', command: 'terrace key edit 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f --expires 90d' },
      { explains: 'Take scopes away', command: 'terrace key edit 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f --scope modules:read' },
    ],
    load: async () => (await import('../commands/key/key-edit.ts')).editKey,
  },
  {
    name: 'key rotate',
    summary: 'Replace an API key by a new one that does the same',
    description: 'The new key is written to standard output and never shown again. You must be signed in as its owner.',
    arguments: [ID],
    options: [
      { flags: '--grace <span>', description: 'How long the old key still works, up to 72h; default: 0, it is revoked at once' },
      { flags: '--expires <when>', description: 'End of the new key, or "never"; default: as long a life as the old one had' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'At once', command: 'terrace key rotate 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f --quiet > api-key' },
      { explains: 'With a day in which both work', command: 'terrace key rotate 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f --grace 24h' },
    ],
    load: async () => (await import('../commands/key/key-rotate.ts')).rotateKey,
  },
  {
    name: 'key revoke',
    summary: 'Revoke an API key, at once and for ever',
    arguments: [ID],
    options: [{ flags: '--force', description: 'Do not ask' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Revoke a key after a question', command: 'terrace key revoke 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f' },
      { explains: 'From a script', command: 'terrace key revoke 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f --force' },
    ],
    load: async () => (await import('../commands/key/key-revoke.ts')).revokeKey,
  },
]
