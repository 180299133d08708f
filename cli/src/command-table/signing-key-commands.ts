import { API_GROUPS, type ArgumentDefinition, type CommandDefinition } from './command-definition.ts'

const KEY: ArgumentDefinition = { syntax: '<id>', description: 'Id from "terrace signing-key list", or a fingerprint or key id of it' }
const EXAMPLE_KEY = '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f'

/** Keys that sign provider releases. */
export const SIGNING_KEY_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'signing-key list',
    summary: 'List the keys that have signed providers, and whether they are trusted',
    options: [
      { flags: '--state <state>', description: 'Only keys that are trusted, pending or rejected' },
      { flags: '--limit <count>', description: 'Rows to show, or "all"; default: 100' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'All keys', command: 'terrace signing-key list' },
      { explains: 'Those that wait for a decision', command: 'terrace signing-key list --state pending' },
    ],
    load: async () => (await import('../commands/signing-key-list.ts')).listSigningKeys,
  },
  {
    name: 'signing-key accept',
    summary: 'Trust a key for its namespace',
    description: 'Compare the fingerprint with what the publisher says elsewhere first. Then retry the job that the key had stopped.',
    arguments: [KEY],
    groups: API_GROUPS,
    examples: [
      { explains: 'By id', command: `terrace signing-key accept ${EXAMPLE_KEY}` },
      { explains: 'By fingerprint', command: 'terrace signing-key accept C874011F0AB405110D02105534365D9472D7468F' },
    ],
    load: async () => (await import('../commands/signing-key-decide.ts')).acceptSigningKey,
  },
  {
    name: 'signing-key reject',
    summary: 'Refuse a key for its namespace',
    arguments: [KEY],
    groups: API_GROUPS,
    examples: [
      { explains: 'By id', command: `terrace signing-key reject ${EXAMPLE_KEY}` },
      { explains: 'By key id', command: 'terrace signing-key reject 34365D9472D7468F' },
    ],
    load: async () => (await import('../commands/signing-key-decide.ts')).rejectSigningKey,
  },
]
