import { API_GROUPS, type ArgumentDefinition, type CommandDefinition } from './command-definition.ts'

const ADDRESS: ArgumentDefinition = { syntax: '<address>', description: 'NAMESPACE/NAME/SYSTEM' }
const ANY_VERSION: ArgumentDefinition = { syntax: '[version]', description: 'One version; without it all of them, later ones too' }

/** Modules that the server holds. */
export const MODULE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'module publish',
    summary: 'Publish a folder or an archive as a version of a module',
    description:
      'Packs the folder without what its .terraformignore names: one pattern a line as in .gitignore, "!" takes back, "**" goes through folders. .git and .terraform always stay at home: a registry archive holds the module, not its history and not what "terraform init" has downloaded here. Links are replaced by what they lead to, and refused when that is outside. An archive (.tar.gz, .tgz or .zip) is sent as it is. A published version never changes; publishing the same content again is fine. The module block is written to standard output.',
    arguments: [{ syntax: '[dir]', description: 'The folder, or an archive; default: the current folder' }],
    options: [
      { flags: '--to <address>', description: 'NAMESPACE/NAME/SYSTEM to publish as; asked for when it is missing' },
      { flags: '--version <version>', description: 'Version, as in 1.2.3 or v1.2.3; asked for when it is missing' },
      { flags: '--description <text>', description: 'What the module is for, in a line' },
      { flags: '--source <url>', description: 'Web address of the repository' },
      { flags: '--dry-run', description: 'Show what would be sent, and send nothing' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Publish the current folder', command: 'terrace module publish --to acme/vpc/aws --version 1.2.0' },
      { explains: 'Look first', command: 'terrace module publish modules/vpc --to acme/vpc/aws --version 1.2.0 --dry-run' },
      {
        explains: 'From a pipeline, for the tag that it runs for',
        command: 'terrace module publish --to acme/vpc/aws --version v1.2.0 --token-file api-key --json',
      },
      {
        explains: 'An archive that is packed already',
        command: 'terrace module publish vpc.tar.gz --to acme/vpc/aws --version 1.2.0 --source https://git.example.com/acme/vpc',
      },
    ],
    load: async () => (await import('../commands/module/module-publish.ts')).publishModule,
  },
  {
    name: 'module list',
    summary: 'List or search modules',
    options: [
      { flags: '--search <text>', description: 'Words of name, description, README, inputs or resource types' },
      { flags: '--namespace <namespace>', description: 'Only this namespace' },
      { flags: '--system <system>', description: 'Only this system, such as aws' },
      { flags: '--sort <order>', description: 'relevance, name, downloads or date; default: name, relevance when something is searched' },
      { flags: '--limit <count>', description: 'Modules to show, or "all"; default: 100' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'All modules of a namespace', command: 'terrace module list --namespace acme' },
      { explains: 'Who has something for this?', command: 'terrace module list --search "private subnets"' },
      { explains: 'The latest versions, for a script', command: 'terrace module list --limit all --plain | cut -f1,2' },
    ],
    load: async () => (await import('../commands/module/module-list.ts')).listModules,
  },
  {
    name: 'module show',
    summary: 'Show inputs, outputs, providers and versions of a module',
    arguments: [ADDRESS, { syntax: '[version]', description: 'Version to show; default: the latest' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'The latest version', command: 'terrace module show acme/vpc/aws' },
      { explains: 'One version with its README, as JSON', command: 'terrace module show acme/vpc/aws 1.2.0 --json' },
      { explains: 'Names of the inputs', command: 'terrace module show acme/vpc/aws --plain | grep ^input' },
    ],
    load: async () => (await import('../commands/module/module-show.ts')).showModule,
  },
  {
    name: 'module diff',
    summary: 'Show what changes for callers between two versions',
    description:
      'Compares inputs, outputs, providers, resources and submodules. What makes callers change something, or lose something, is marked as BREAKING.',
    arguments: [
      ADDRESS,
      { syntax: '<from>', description: 'Version to compare with' },
      { syntax: '<to>', description: 'Version to look at' },
    ],
    options: [{ flags: '--exit-code', description: 'Fail (exit code 1) when something breaks callers' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Before an upgrade', command: 'terrace module diff acme/vpc/aws 1.2.0 2.0.0' },
      { explains: 'Let a pipeline stop at a breaking change', command: 'terrace module diff acme/vpc/aws 1.2.0 1.3.0 --exit-code' },
    ],
    load: async () => (await import('../commands/module/module-diff.ts')).diffModule,
  },
  {
    name: 'module deprecate',
    summary: 'Mark a module or one of its versions as deprecated; it can still be installed',
    arguments: [ADDRESS, ANY_VERSION],
    options: [
      { flags: '--message <text>', description: 'What callers should do' },
      { flags: '--successor <name>', description: 'Version or module that takes its place' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'One version', command: 'terrace module deprecate acme/vpc/aws 1.2.0 --message "Leaks a port" --successor 1.2.1' },
      { explains: 'The whole module', command: 'terrace module deprecate acme/vpc/aws --successor acme/network/aws' },
    ],
    load: async () => (await import('../commands/module/module-deprecate.ts')).deprecateModule,
  },
  {
    name: 'module undeprecate',
    summary: 'Take the deprecation of a module or of one of its versions back',
    arguments: [ADDRESS, ANY_VERSION],
    groups: API_GROUPS,
    examples: [
      { explains: 'One version', command: 'terrace module undeprecate acme/vpc/aws 1.2.0' },
      { explains: 'The whole module', command: 'terrace module undeprecate acme/vpc/aws' },
    ],
    load: async () => (await import('../commands/module/module-deprecate.ts')).undeprecateModule,
  },
  {
    name: 'module yank',
    summary: 'Withdraw a version for ever',
    description:
      'It is no longer listed, its download answers with the reason, its archive is deleted, and its number is never given to other content. You are asked to type the name; --force answers for you. "terrace module deprecate" can be undone, this cannot.',
    arguments: [ADDRESS, { syntax: '<version>', description: 'The version' }],
    options: [
      { flags: '--reason <text>', description: 'What everyone is told who asks for it; asked for when it is missing' },
      { flags: '--force', description: 'Do not ask' },
      { flags: '--dry-run', description: 'Show what would be withdrawn, and change nothing' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Show what would go', command: 'terrace module yank acme/vpc/aws 1.2.0 --dry-run' },
      { explains: 'From a script', command: 'terrace module yank acme/vpc/aws 1.2.0 --reason "Opens a port to everyone" --force' },
    ],
    load: async () => (await import('../commands/module/module-yank.ts')).yankModule,
  },
  {
    name: 'module delete',
    summary: 'Withdraw every version of a module for ever',
    description:
      'Does to every version what "terrace module yank" does to one. You are asked to type the address; --force answers for you. "terrace module deprecate" can be undone, this cannot.',
    arguments: [ADDRESS],
    options: [
      { flags: '--reason <text>', description: 'What everyone is told who asks for a version; asked for when it is missing' },
      { flags: '--force', description: 'Do not ask' },
      { flags: '--dry-run', description: 'Show what would be withdrawn, and change nothing' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Show what would go', command: 'terrace module delete acme/vpc/aws --dry-run' },
      { explains: 'From a script', command: 'terrace module delete acme/vpc/aws --reason "Moved to acme/network/aws" --force' },
    ],
    load: async () => (await import('../commands/module/module-delete.ts')).deleteModule,
  },
]
