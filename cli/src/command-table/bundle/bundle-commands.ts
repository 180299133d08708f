import { API_GROUPS, type CommandDefinition } from '../command-definition.ts'

/** Air-gap bundles. */
export const BUNDLE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'bundle create',
    summary: 'Write packages, signatures, keys and modules into files that can be carried',
    description:
      'The server chooses what is needed and signs a manifest; the objects are downloaded into parts of a bounded size. What is there already is kept, so a command that was broken off goes on where it stopped, and the same selection gives the same parts. Ends with exit code 1, and writes nothing, when something is missing.',
    arguments: [{ syntax: '<name>', description: 'What the files are called' }],
    options: [
      { flags: '--lock-file <file>', description: 'From the versions of a .terraform.lock.hcl' },
      {
        flags: '--config <dir>',
        description: 'From a folder of .tf files: providers, and modules of this registry with all that they need',
      },
      { flags: '--definition <file>', description: 'From a definition file, as for "terrace mirror load": what is held of it' },
      { flags: '--mirror <name>', description: 'From a mirror: what is held of it' },
      { flags: '--platform <os_arch>', description: 'Only this platform; may be repeated; default: all that are stored', repeatable: true },
      { flags: '--tofu', description: 'The folder is for OpenTofu; a lock file that is there says so itself' },
      { flags: '--split <size>', description: 'No part is larger; default: 4G' },
      { flags: '--since <manifest>', description: 'Leave out what this earlier bundle has' },
      { flags: '--out <dir>', description: 'Where the files go; default: this folder' },
      { flags: '--allow-missing', description: 'Make it of what there is' },
      { flags: '--overwrite', description: 'Replace another bundle of this name' },
    ],
    groups: API_GROUPS,
    examples: [
      {
        explains: 'What a configuration needs, for the machines that run it',
        command: 'terrace bundle create site-a --config environments/live --platform linux_amd64',
      },
      {
        explains: 'What a lock file names, on media of 700 MB',
        command: 'terrace bundle create site-a --lock-file .terraform.lock.hcl --split 700M --out /media/usb',
      },
      {
        explains: 'What is new in a mirror since the last time',
        command: 'terrace bundle create site-b --mirror hashicorp --since site-a.manifest.json',
      },
    ],
    load: async () => (await import('../../commands/bundle/bundle-create.ts')).createBundle,
  },
  {
    name: 'bundle verify',
    summary: 'Check a bundle: signature, parts, every digest, every signed list',
    description:
      'Needs no server. The manifest is verified first, then every byte of every part, and the signature of every checksum list. Without --key it proves that nothing has changed, and not who made it. Ends with exit code 1 when anything is wrong.',
    arguments: [{ syntax: '<file>', description: 'The manifest, NAME.manifest.json; everything else lies beside it' }],
    options: [
      {
        flags: '--key <fingerprint|file>',
        description: 'The key of the registry that made it, by all its 40 digits or as an armored file, got by another way than the bundle',
      },
    ],
    groups: ['output'],
    examples: [
      { explains: 'Look whether a copy is good', command: 'terrace bundle verify site-a.manifest.json' },
      {
        explains: 'Prove who made it too',
        command: 'terrace bundle verify site-a.manifest.json --key 34365D9472D7468F88D5F9C2B3A3A8F1C2D4E5F6',
      },
    ],
    load: async () => (await import('../../commands/bundle/bundle-verify.ts')).verifyBundleFiles,
  },
]
