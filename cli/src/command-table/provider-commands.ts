import { API_GROUPS, type ArgumentDefinition, type CommandDefinition, type OptionDefinition } from './command-definition.ts'

const VERSION_ADDRESS: ArgumentDefinition = {
  syntax: '<address@version>',
  description: 'NAMESPACE/TYPE@VERSION, with HOSTNAME/ in front when several origins have it',
}
const PLATFORM: OptionDefinition = { flags: '--platform <os_arch>', description: 'Only this platform of the version' }
const REASON: OptionDefinition = { flags: '--reason <text>', description: 'Why, for the other administrators' }

/** Providers that the server holds. */
export const PROVIDER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'provider publish',
    summary: 'Publish a GoReleaser folder as a version of a provider',
    description:
      'Takes dist/ as GoReleaser leaves it: terraform-provider-TYPE_VERSION_OS_ARCH.zip files, SHA256SUMS with its signature, and the manifest (from the folder, or terraform-registry-manifest.json beside it). Without a signature the registry signs. A published version never changes; publishing the same files again is fine. The required_providers block is written to standard output.',
    arguments: [{ syntax: '<dir>', description: 'The folder' }],
    options: [
      { flags: '--namespace <namespace>', description: 'Namespace to publish in; asked for when it is missing' },
      { flags: '--key <file>', description: 'Public key (armored) that made the signature; needed for the first version it signs' },
      { flags: '--source <url>', description: 'Web address of the repository' },
      { flags: '--protocols <list>', description: 'Plugin protocols when there is no manifest; default: 5.0' },
      { flags: '--dry-run', description: 'Show what would be sent, and send nothing' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Publish after "goreleaser release"', command: 'terrace provider publish dist --namespace acme --key public-key.asc' },
      { explains: 'Look first', command: 'terrace provider publish dist --namespace acme --dry-run' },
      {
        explains: 'From a pipeline',
        command: 'terrace provider publish dist --namespace acme --key public-key.asc --token-file api-key --json',
      },
    ],
    load: async () => (await import('../commands/provider-publish.ts')).publishProvider,
  },
  {
    name: 'provider list',
    summary: 'List held providers, mirrored and published',
    arguments: [{ syntax: '[address]', description: 'NAMESPACE/TYPE or HOSTNAME/NAMESPACE/TYPE, with @VERSION when wanted' }],
    options: [
      { flags: '--namespace <namespace>', description: 'Only this namespace' },
      { flags: '--search <text>', description: 'Only what has this in its address' },
      { flags: '--limit <count>', description: 'Packages to show, or "all"; default: 100' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'The latest packages', command: 'terrace provider list' },
      { explains: 'Everything held of a provider', command: 'terrace provider list hashicorp/aws --limit all' },
      { explains: 'Hashes of a version', command: 'terrace provider list acme/widget@1.2.0 --json' },
    ],
    load: async () => (await import('../commands/provider-list.ts')).listProviders,
  },
  {
    name: 'provider deprecate',
    summary: 'Mark a version as deprecated; terraform init shows the message',
    arguments: [VERSION_ADDRESS],
    options: [{ flags: '--message <text>', description: 'What users are told' }],
    groups: API_GROUPS,
    examples: [
      {
        explains: 'Tell users what to take instead',
        command: 'terrace provider deprecate acme/widget@1.2.0 --message "Use 1.3.0 or later"',
      },
      {
        explains: 'A mirrored provider',
        command: 'terrace provider deprecate registry.terraform.io/hashicorp/null@3.1.0 --message "Too old"',
      },
    ],
    load: async () => (await import('../commands/provider-change.ts')).deprecateProvider,
  },
  {
    name: 'provider undeprecate',
    summary: 'Take the deprecation of a version back',
    arguments: [VERSION_ADDRESS],
    groups: API_GROUPS,
    examples: [
      { explains: 'Of a published provider', command: 'terrace provider undeprecate acme/widget@1.2.0' },
      { explains: 'Of a mirrored one', command: 'terrace provider undeprecate registry.terraform.io/hashicorp/null@3.1.0' },
    ],
    load: async () => (await import('../commands/provider-change.ts')).undeprecateProvider,
  },
  {
    name: 'provider block',
    summary: 'Stop serving a version, or one platform of it, without deleting anything',
    arguments: [VERSION_ADDRESS],
    options: [PLATFORM, REASON],
    groups: API_GROUPS,
    examples: [
      { explains: 'A whole version', command: 'terrace provider block hashicorp/null@3.1.0 --reason "Withdrawn upstream"' },
      { explains: 'One platform', command: 'terrace provider block acme/widget@1.2.0 --platform windows_amd64' },
    ],
    load: async () => (await import('../commands/provider-change.ts')).blockProvider,
  },
  {
    name: 'provider unblock',
    summary: 'Serve a blocked version again',
    arguments: [VERSION_ADDRESS],
    options: [PLATFORM],
    groups: API_GROUPS,
    examples: [
      { explains: 'A whole version', command: 'terrace provider unblock hashicorp/null@3.1.0' },
      { explains: 'One platform', command: 'terrace provider unblock acme/widget@1.2.0 --platform windows_amd64' },
    ],
    load: async () => (await import('../commands/provider-change.ts')).unblockProvider,
  },
  {
    name: 'provider delete',
    summary: 'Delete a version, or one platform of it, for ever',
    description:
      'Lock files that name it stop working, and its number is never given to other content. You are asked to type the name; --force answers for you. "terrace provider block" can be undone, this cannot.',
    arguments: [VERSION_ADDRESS],
    options: [
      PLATFORM,
      { flags: '--force', description: 'Do not ask' },
      { flags: '--dry-run', description: 'Show what would be deleted, and delete nothing' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Show what would go', command: 'terrace provider delete acme/widget@1.2.0 --dry-run' },
      {
        explains: 'Delete one platform from a script',
        command: 'terrace provider delete acme/widget@1.2.0 --platform linux_arm64 --force',
      },
    ],
    load: async () => (await import('../commands/provider-delete.ts')).deleteProvider,
  },
]
