import { API_GROUPS, type ArgumentDefinition, type CommandDefinition } from './command-definition.ts'

const KEY: ArgumentDefinition = { syntax: '<id>', description: 'Id from "terrace signing-key list", or a fingerprint or key id of it' }
const SCOPE: ArgumentDefinition = { syntax: '<scope>', description: 'HOST/NAMESPACE, or HOST/NAMESPACE/TYPE for one provider' }
const EXAMPLE_KEY = '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f'

/** Keys that sign provider releases. */
export const SIGNING_KEY_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'signing-key list',
    summary: 'List the keys that have signed providers, and whether they are trusted',
    options: [
      { flags: '--state <state>', description: 'Only keys that are trusted, pending, rejected or revoked' },
      { flags: '--limit <count>', description: 'Rows to show, or "all"; default: 100' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'All keys', command: 'terrace signing-key list' },
      { explains: 'Those that wait for a decision', command: 'terrace signing-key list --state pending' },
    ],
    load: async () => (await import('../commands/signing-key/signing-key-list.ts')).listSigningKeys,
  },
  {
    name: 'signing-key add',
    summary: 'Trust a key beside those that are trusted already',
    description: 'For a rotation: add the next key before its owner uses it. What the old one signed stays good.',
    arguments: [SCOPE, { syntax: '<file>', description: 'ASCII-armored public key; "-" reads standard input' }],
    options: [{ flags: '--fingerprint <fingerprint>', description: 'What its owner says it is; any other key is refused' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'For a namespace', command: 'terrace signing-key add registry.terraform.io/acme acme.asc' },
      {
        explains: 'For one provider, sure that it is the right key',
        command:
          'terrace signing-key add registry.terraform.io/acme/widget - --fingerprint "C874 011F 0AB4 0511 0D02 1055 3436 5D94 72D7 468F" < acme.asc',
      },
    ],
    load: async () => (await import('../commands/signing-key/signing-key-add.ts')).addSigningKey,
  },
  {
    name: 'signing-key retire',
    summary: 'Let a key sign nothing new; what it signed before stays good',
    description: 'For a key that was stolen use reject: who has it can write any time into a signature. "accept" takes it back.',
    arguments: [KEY],
    options: [{ flags: '--at <time>', description: 'Day or moment from which its signatures do not count; default: now' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'From now on', command: `terrace signing-key retire ${EXAMPLE_KEY}` },
      { explains: 'From a day on', command: 'terrace signing-key retire 34365D9472D7468F --at 2026-12-31' },
    ],
    load: async () => (await import('../commands/signing-key/signing-key-end.ts')).retireSigningKey,
  },
  {
    name: 'signing-key delete',
    summary: 'Forget a key with which nothing that is held is signed',
    arguments: [KEY],
    options: [{ flags: '--force', description: 'Do not ask' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'After a question', command: `terrace signing-key delete ${EXAMPLE_KEY}` },
      { explains: 'From a script', command: 'terrace signing-key delete 34365D9472D7468F --force' },
    ],
    load: async () => (await import('../commands/signing-key/signing-key-end.ts')).deleteSigningKey,
  },
  {
    name: 'signing-key refresh',
    summary: 'Fetch keys from the addresses in "mirror.signing_key_sources" now',
    description: 'New sub-keys, later ends and revocations of the pinned keys are taken over, nothing else. Fails when one was not.',
    arguments: [{ syntax: '[scope]', description: 'Only the addresses of this scope' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'All of them', command: 'terrace signing-key refresh' },
      { explains: 'Those of one namespace', command: 'terrace signing-key refresh registry.terraform.io/hashicorp' },
    ],
    load: async () => (await import('../commands/signing-key/signing-key-refresh.ts')).refreshSigningKeys,
  },
  {
    name: 'signing-key sources',
    summary: 'List the addresses that keys are refreshed from, and how it went',
    groups: API_GROUPS,
    examples: [
      { explains: 'When was it last asked', command: 'terrace signing-key sources' },
      { explains: 'For a script', command: 'terrace signing-key sources --json' },
    ],
    load: async () => (await import('../commands/signing-key/signing-key-refresh.ts')).listSigningKeySources,
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
    load: async () => (await import('../commands/signing-key/signing-key-decide.ts')).acceptSigningKey,
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
    load: async () => (await import('../commands/signing-key/signing-key-decide.ts')).rejectSigningKey,
  },
]
