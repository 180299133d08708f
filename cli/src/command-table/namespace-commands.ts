import { API_GROUPS, type ArgumentDefinition, type CommandDefinition, type OptionDefinition } from './command-definition.ts'

const NAME: ArgumentDefinition = { syntax: '<name>', description: 'The namespace' }
const CHANGES: readonly OptionDefinition[] = [
  { flags: '--organization <name>', description: 'Organisation that publishes in it' },
  { flags: '--private', description: 'Only members of the organisation read what is in it' },
  { flags: '--public', description: 'Everybody reads what is in it' },
]

/** Names under which modules and providers are published. */
export const NAMESPACE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'namespace list',
    summary: 'List namespaces with their owners',
    options: [
      { flags: '--organization <name>', description: 'Only those of this organisation' },
      { flags: '--limit <count>', description: 'Namespaces to show, or "all"; default: 100' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'All that you may see', command: 'terrace namespace list' },
      { explains: 'Those of one organisation', command: 'terrace namespace list --organization acme' },
    ],
    load: async () => (await import('../commands/namespace/namespace.ts')).listNamespaces,
  },
  {
    name: 'namespace create',
    summary: 'Take a free namespace for an organisation',
    description: 'The first publish does the same; this takes the name before, or makes it private from the beginning.',
    arguments: [NAME],
    options: CHANGES,
    groups: API_GROUPS,
    examples: [
      { explains: 'For the organisation "default"', command: 'terrace namespace create network' },
      { explains: 'For members only', command: 'terrace namespace create payments --organization acme --private' },
    ],
    load: async () => (await import('../commands/namespace/namespace.ts')).createNamespace,
  },
  {
    name: 'namespace edit',
    summary: 'Change who reads a namespace, or whose it is',
    arguments: [NAME],
    options: CHANGES,
    groups: API_GROUPS,
    examples: [
      { explains: 'Hide it from everybody else', command: 'terrace namespace edit payments --private' },
      { explains: 'Hand it over', command: 'terrace namespace edit payments --organization acme' },
    ],
    load: async () => (await import('../commands/namespace/namespace.ts')).editNamespace,
  },
  {
    name: 'namespace delete',
    summary: 'Delete an empty namespace; its name is never given away again',
    description: 'You are asked to type the name; --force answers for you.',
    arguments: [NAME],
    options: [{ flags: '--force', description: 'Do not ask' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'After typing the name', command: 'terrace namespace delete payments' },
      { explains: 'From a script', command: 'terrace namespace delete payments --force' },
    ],
    load: async () => (await import('../commands/namespace/namespace.ts')).deleteNamespace,
  },
]
