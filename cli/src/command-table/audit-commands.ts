import { API_GROUPS, type CommandDefinition, type OptionDefinition } from './command-definition.ts'

const FILTERS: readonly OptionDefinition[] = [
  { flags: '--action <action>', description: 'What the action begins with: api_key.create, or api_key. for everything about API keys' },
  { flags: '--actor <actor>', description: 'Name or id of the person, key or job' },
  { flags: '--object <text>', description: 'Part of what it was done to' },
  { flags: '--outcome <outcome>', description: 'allowed, denied or error' },
  { flags: '--request-id <id>', description: 'Only what this request did' },
  { flags: '--from <time>', description: 'From this time on: 2026-03-01, or 2026-03-01T12:00:00Z; without a zone it is UTC' },
  { flags: '--to <time>', description: 'Before this time' },
]

/** The record of what was done. */
export const AUDIT_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'audit list',
    summary: 'List changes and denied attempts, newest first',
    options: [...FILTERS, { flags: '--limit <count>', description: 'Rows to show, or "all"; default: 100' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Who was turned away since March', command: 'terrace audit list --outcome denied --from 2026-03-01' },
      { explains: 'What happened to a provider', command: 'terrace audit list --object acme/widget' },
    ],
    load: async () => (await import('../commands/audit/audit-list.ts')).listAudit,
  },
  {
    name: 'audit export',
    summary: 'Write records as NDJSON, oldest first',
    description:
      'One JSON document a line, with the place of the record in the chain and its hashes. The file is there only when it is complete.',
    options: [
      ...FILTERS,
      { flags: '--output <file>', description: 'File to write, readable by you alone; default: standard output' },
      { flags: '--force', description: 'Replace the file if it is there' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Everything of a month', command: 'terrace audit export --from 2026-03-01 --to 2026-04-01 --output march.ndjson' },
      { explains: 'Count actions', command: 'terrace audit export | jq -r .action | sort | uniq -c' },
    ],
    load: async () => (await import('../commands/audit/audit-export.ts')).exportAudit,
  },
  {
    name: 'audit verify',
    summary: 'Prove that no record was changed, removed or inserted',
    description: 'The server reads the whole chain with the key that its database does not have. Ends with exit code 1 when it is broken.',
    groups: API_GROUPS,
    examples: [
      { explains: 'Check now', command: 'terrace audit verify' },
      { explains: 'From a nightly job', command: 'terrace audit verify --quiet --token-file api-key' },
    ],
    load: async () => (await import('../commands/audit/audit-verify.ts')).verifyAudit,
  },
]
