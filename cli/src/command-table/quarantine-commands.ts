import { API_GROUPS, type CommandDefinition, type OptionDefinition } from './command-definition.ts'

const WAIT: OptionDefinition = { flags: '--wait', description: 'Stay until the job has ended; fail when it did' }
const LIMIT: OptionDefinition = { flags: '--limit <count>', description: 'Rows to show, or "all"; default: 100' }
const ENTRY = { syntax: '<id>', description: 'Id of the entry, from "terrace quarantine list"' }
const EXAMPLE_ID = '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f'

/** What did not pass its verification. */
export const QUARANTINE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'quarantine list',
    summary: 'List packages that failed verification, with the reason',
    options: [{ flags: '--step <step>', description: 'shasums, signature, signing_key, checksum, content or digest_change' }, LIMIT],
    groups: API_GROUPS,
    examples: [
      { explains: 'What was refused', command: 'terrace quarantine list' },
      { explains: 'Bytes that were changed on their way', command: 'terrace quarantine list --step checksum' },
    ],
    load: async () => (await import('../commands/quarantine/quarantine.ts')).listQuarantined,
  },
  {
    name: 'quarantine show',
    summary: 'Show the evidence, and what can be done',
    arguments: [ENTRY],
    groups: API_GROUPS,
    examples: [
      { explains: 'Expected and found digest, key ids, addresses', command: `terrace quarantine show ${EXAMPLE_ID}` },
      { explains: 'For a script', command: `terrace quarantine show ${EXAMPLE_ID} --json` },
    ],
    load: async () => (await import('../commands/quarantine/quarantine.ts')).showQuarantined,
  },
  {
    name: 'quarantine retry',
    summary: 'Fetch and check a package once more',
    description: 'With every check. A copy that passes takes it out of quarantine.',
    arguments: [ENTRY],
    options: [WAIT],
    groups: API_GROUPS,
    examples: [
      { explains: 'After the publisher has mended it', command: `terrace quarantine retry ${EXAMPLE_ID} --wait` },
      { explains: 'Without waiting', command: `terrace quarantine retry ${EXAMPLE_ID}` },
    ],
    load: async () => (await import('../commands/quarantine/quarantine.ts')).retryQuarantined,
  },
  {
    name: 'quarantine release',
    summary: 'Let a finding pass, with a reason',
    description:
      'Only what "terrace quarantine show" says can be released: some findings about the content, for exactly the bytes they were found in. The package is fetched again and every other check counts. Who did it and why stays with the package.',
    arguments: [ENTRY],
    options: [{ flags: '--reason <text>', description: 'Why; goes to the audit' }, WAIT],
    groups: API_GROUPS,
    examples: [
      {
        explains: 'The binary has another name, and the publisher says so',
        command: `terrace quarantine release ${EXAMPLE_ID} --reason "Confirmed by the publisher" --wait`,
      },
      { explains: 'For a script', command: `terrace quarantine release ${EXAMPLE_ID} --reason "Ticket 4711" --json` },
    ],
    load: async () => (await import('../commands/quarantine/quarantine.ts')).releaseQuarantined,
  },
  {
    name: 'quarantine delete',
    summary: 'Remove an entry; the next run or client tries again',
    arguments: [ENTRY],
    groups: API_GROUPS,
    examples: [
      { explains: 'Forget it', command: `terrace quarantine delete ${EXAMPLE_ID}` },
      { explains: 'For a script', command: `terrace quarantine delete ${EXAMPLE_ID} --json` },
    ],
    load: async () => (await import('../commands/quarantine/quarantine.ts')).deleteQuarantined,
  },
]

/** What administrators should know. */
export const NOTIFICATION_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'notification list',
    summary: 'List what you should know, newest first',
    options: [
      { flags: '--all', description: 'Those that were read, too' },
      { flags: '--kind <kind>', description: 'Only one kind: package_quarantined, digest_changed, …' },
      LIMIT,
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'What is new', command: 'terrace notification list' },
      { explains: 'Every alarm about changed digests', command: 'terrace notification list --all --kind digest_changed' },
    ],
    load: async () => (await import('../commands/notification/notification.ts')).listNotifications,
  },
  {
    name: 'notification read',
    summary: 'Mark a notification as read, for everybody',
    description: 'When its cause happens again, there is a new one.',
    arguments: [{ syntax: '[id]', description: 'Id from "terrace notification list"' }],
    options: [{ flags: '--all', description: 'All that you may mark' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'One', command: `terrace notification read ${EXAMPLE_ID}` },
      { explains: 'All', command: 'terrace notification read --all' },
    ],
    load: async () => (await import('../commands/notification/notification.ts')).readNotifications,
  },
]
