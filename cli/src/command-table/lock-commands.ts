import { API_GROUPS, type CommandDefinition } from './command-definition.ts'

/** Lock files. */
export const LOCK_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'provider lock',
    summary: 'Write a lock file with the hashes of every platform',
    description:
      'Sends the configuration in a folder, with the modules that "terraform get" has installed and the lock file that is there, and gets a complete .terraform.lock.hcl from what the server holds: no package is downloaded. Versions that are locked stay. Ends with exit code 1, and writes nothing, when a platform that was named has no hash.',
    arguments: [{ syntax: '[dir]', description: 'Folder of the configuration; default: this one' }],
    options: [
      {
        flags: '--platform <os_arch>',
        description: 'A platform whose h1: is needed; may be repeated; default: all that are stored',
        repeatable: true,
      },
      { flags: '--upgrade', description: 'Take the newest versions that match, whatever is locked' },
      { flags: '--tofu', description: 'Begin a lock file of OpenTofu; one that is there says itself whose it is' },
      { flags: '--write', description: 'Put it in its place; without it, it goes to standard output' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'See what the lock file would be', command: 'terrace provider lock' },
      { explains: 'Complete the lock file of a folder', command: 'terrace provider lock environments/live --write' },
      {
        explains: 'For the machines that use it',
        command: 'terrace provider lock --platform linux_amd64 --platform darwin_arm64 --platform windows_amd64 --write',
      },
      { explains: 'Take newer versions', command: 'terrace provider lock --upgrade --write' },
    ],
    load: async () => (await import('../commands/lock/provider-lock.ts')).lockProviders,
  },
]
