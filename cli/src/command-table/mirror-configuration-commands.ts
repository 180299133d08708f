import { API_GROUPS, type CommandDefinition, type OptionDefinition } from './command-definition.ts'

const MIRROR = { syntax: '<mirror>', description: 'Name or id of the mirror, from "terrace mirror list"' }
const LIMIT: OptionDefinition = { flags: '--limit <count>', description: 'Rows to show, or "all"; default: 100' }
const SETTINGS: readonly OptionDefinition[] = [
  { flags: '--provider <address>', description: 'NAMESPACE/TYPE to mirror, or NAMESPACE/*; may be repeated', repeatable: true },
  {
    flags: '--namespace <namespace>',
    description: 'Namespace to mirror as a whole, where the upstream lists them; may be repeated',
    repeatable: true,
  },
  {
    flags: '--constraint <constraint>',
    description: 'Versions to bring, such as "~> 5.0"; may be repeated, one must match',
    repeatable: true,
  },
  { flags: '--platform <platform>', description: 'OS_ARCH to bring; may be repeated; default: every platform', repeatable: true },
  { flags: '--keep-newest <count>', description: 'Bring only so many newest versions of each provider, or "all"' },
  { flags: '--cool-down <days>', description: 'Age in days that a version must have' },
  { flags: '--every <hours>', description: 'How often it runs; default: 24' },
  { flags: '--prereleases', description: 'Bring pre-releases too' },
]
const SCOPE: readonly OptionDefinition[] = [
  { flags: '--provider <address>', description: 'Only this provider of the mirror, NAMESPACE/TYPE' },
  { flags: '--version <version>', description: 'Only this version of the provider' },
]

/** Mirrors that look after themselves. */
export const MIRROR_CONFIGURATION_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'mirror create',
    summary: 'Create a mirror, which keeps itself up to date',
    description:
      'The server runs it by its schedule: it brings what is missing, verifies it as everything from upstreams, and removes nothing.',
    arguments: [{ syntax: '<name>', description: 'Letters, digits and hyphens' }],
    options: [
      { flags: '--upstream <host>', description: 'Host name of the upstream; default: registry.terraform.io' },
      ...SETTINGS,
      { flags: '--organization <name>', description: 'Whose mirror it is; default: default' },
      { flags: '--paused', description: 'Leave it out of the schedule for now' },
    ],
    groups: API_GROUPS,
    examples: [
      {
        explains: 'The newest three versions of a provider for two platforms',
        command: 'terrace mirror create aws --provider hashicorp/aws --keep-newest 3 --platform linux_amd64 --platform darwin_arm64',
      },
      {
        explains: 'A week of patience, and nothing before somebody has looked at the plan',
        command: 'terrace mirror create partners --provider acme/widget --constraint "~> 1.2" --cool-down 7 --paused',
      },
    ],
    load: async () => (await import('../commands/mirror/mirror-create.ts')).createMirror,
  },
  {
    name: 'mirror list',
    summary: 'List mirrors',
    options: [LIMIT],
    groups: API_GROUPS,
    examples: [
      { explains: 'What is mirrored, and when next', command: 'terrace mirror list' },
      { explains: 'The names only', command: 'terrace mirror list --limit all --plain | cut -f 1' },
    ],
    load: async () => (await import('../commands/mirror/mirror-list.ts')).listMirrors,
  },
  {
    name: 'mirror show',
    summary: 'Show a mirror, and how it is doing',
    arguments: [MIRROR],
    groups: API_GROUPS,
    examples: [
      { explains: 'Settings and the last run', command: 'terrace mirror show aws' },
      { explains: 'For a script', command: 'terrace mirror show aws --json' },
    ],
    load: async () => (await import('../commands/mirror/mirror-show.ts')).showMirror,
  },
  {
    name: 'mirror edit',
    summary: 'Change a mirror',
    description: 'What is not named stays. A list replaces the one before.',
    arguments: [MIRROR],
    options: [...SETTINGS, { flags: '--no-prereleases', description: 'Bring releases only' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Twice a day, and only what is a week old', command: 'terrace mirror edit aws --every 12 --cool-down 7' },
      { explains: 'Other providers', command: 'terrace mirror edit partners --provider acme/widget --provider acme/gadget' },
    ],
    load: async () => (await import('../commands/mirror/mirror-edit.ts')).editMirror,
  },
  {
    name: 'mirror delete',
    summary: 'Delete a mirror with its history; what it has brought stays',
    arguments: [MIRROR],
    options: [{ flags: '--force', description: 'Do not ask' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'After a question', command: 'terrace mirror delete partners' },
      { explains: 'From a script', command: 'terrace mirror delete partners --force' },
    ],
    load: async () => (await import('../commands/mirror/mirror-delete.ts')).deleteMirror,
  },
  {
    name: 'mirror plan',
    summary: 'Show what a run of a mirror would bring, and what is kept out and why',
    arguments: [MIRROR],
    options: SCOPE,
    groups: API_GROUPS,
    examples: [
      { explains: 'Versions, bytes and free space', command: 'terrace mirror plan aws' },
      { explains: 'For one provider', command: 'terrace mirror plan partners --provider acme/widget' },
    ],
    load: async () => (await import('../commands/mirror/mirror-plan.ts')).planMirror,
  },
  {
    name: 'mirror sync',
    summary: 'Run a mirror now',
    arguments: [MIRROR],
    options: [...SCOPE, { flags: '--wait', description: 'Stay until the run has ended; fail when one of its items did' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'All of it, with a progress bar', command: 'terrace mirror sync aws --wait' },
      { explains: 'One version, at once', command: 'terrace mirror sync aws --provider hashicorp/aws --version 5.31.0' },
    ],
    load: async () => (await import('../commands/mirror/mirror-sync.ts')).syncMirror,
  },
  {
    name: 'mirror history',
    summary: 'List the runs of a mirror, newest first',
    arguments: [MIRROR],
    options: [LIMIT],
    groups: API_GROUPS,
    examples: [
      { explains: 'The last runs', command: 'terrace mirror history aws --limit 10' },
      { explains: 'With the errors', command: 'terrace mirror history aws --json' },
    ],
    load: async () => (await import('../commands/mirror/mirror-history.ts')).listRuns,
  },
  {
    name: 'mirror versions',
    summary: 'List the versions that a mirror has seen, and those that it brought',
    description: 'Those first that it saw last.',
    arguments: [MIRROR],
    options: [
      { flags: '--provider <address>', description: 'NAMESPACE/TYPE; only its versions' },
      { flags: '--brought', description: 'Only what runs have taken' },
      LIMIT,
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'What it brought last', command: 'terrace mirror versions aws --brought --limit 20' },
      { explains: 'Of one provider', command: 'terrace mirror versions aws --provider hashicorp/aws' },
    ],
    load: async () => (await import('../commands/mirror/mirror-versions.ts')).listVersions,
  },
  ...(
    [
      ['pause', 'Take a mirror out of the schedule and stop what it runs', 'What it has brought stays; resumed, it brings the rest.'],
      ['resume', 'Put a paused mirror back into the schedule', 'It runs at the next look of the schedule when its time has come.'],
      ['cancel', 'Stop what a mirror runs', 'What it has brought stays; the schedule goes on.'],
    ] as const
  ).map(
    ([verb, summary, description]): CommandDefinition => ({
      name: `mirror ${verb}`,
      summary,
      description,
      arguments: [MIRROR],
      groups: API_GROUPS,
      examples: [
        { explains: 'By its name', command: `terrace mirror ${verb} aws` },
        { explains: 'From a script', command: `terrace mirror ${verb} aws --quiet --token-file api-key` },
      ],
      load: async () => (await import('../commands/mirror/mirror-control.ts')).MIRROR_CONTROLS[verb],
    }),
  ),
]
