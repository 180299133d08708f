import { API_GROUPS, type CommandDefinition } from './command-definition.ts'

const EXAMPLE_ID = '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f'

/** Modules that came from upstreams. */
export const MIRROR_MODULE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'mirror module list',
    summary: 'List the versions of public modules that are held, with where they came from',
    options: [
      { flags: '--hostname <host>', description: 'Only those of this registry' },
      { flags: '--namespace <name>', description: 'Only those of this namespace' },
      { flags: '--name <name>', description: 'Only those of this name' },
      { flags: '--limit <count>', description: 'Versions to show, or "all"; default: 100' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'With commits', command: 'terrace mirror module list --namespace terraform-aws-modules' },
      { explains: 'With digests', command: 'terrace mirror module list --limit all --json' },
    ],
    load: async () => (await import('../commands/mirror-module/mirror-module.ts')).listMirroredModules,
  },
  {
    name: 'mirror module delete',
    summary: 'Delete a held version of a public module, so that it is fetched anew',
    arguments: [{ syntax: '<id>', description: 'Id of the version, from "terrace mirror module list"' }],
    options: [{ flags: '--force', description: 'Do not ask' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'After a question', command: `terrace mirror module delete ${EXAMPLE_ID}` },
      { explains: 'From a script', command: `terrace mirror module delete ${EXAMPLE_ID} --force` },
    ],
    load: async () => (await import('../commands/mirror-module/mirror-module.ts')).deleteMirroredModule,
  },
]
