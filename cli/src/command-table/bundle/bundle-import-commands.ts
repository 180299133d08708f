import { API_GROUPS, type CommandDefinition } from '../command-definition.ts'

/** Bringing bundles and mirror folders in. */
export const BUNDLE_IMPORT_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'bundle import',
    summary: 'Bring a bundle, or a folder of "terraform providers mirror", into a registry',
    description:
      'A bundle is verified here from its first byte to its last before anything is sent, and again by the server, which must trust the key of the bundle (bundles.trusted_keys). What is held already is kept and not sent, so an import that was broken off is begun again. Other bytes under a known name are refused. A folder carries no signatures: its packages come in when a signed list that lies beside them or is held speaks for them.',
    arguments: [{ syntax: '<path>', description: 'NAME.manifest.json of a bundle, or a folder' }],
    options: [
      { flags: '--dry-run', description: 'Only show what would be added, kept and refused' },
      {
        flags: '--trust-keys <fingerprints>',
        description: 'Trust these keys of the bundle for what they have signed in it; may be repeated',
        repeatable: true,
      },
      { flags: '--allow-unsigned', description: 'Take packages that nothing signed speaks for, and mark them as unsigned for ever' },
      { flags: '--skip-refused', description: 'Import the rest when something is refused' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Look at what would come in', command: 'terrace bundle import site-a.manifest.json --dry-run' },
      {
        explains: 'Import it, with a key that was compared with the one of its owner',
        command: 'terrace bundle import site-a.manifest.json --trust-keys 34365D9472D7468F88D5F9C2B3A3A8F1C2D4E5F6',
      },
      {
        explains: 'A folder that "terraform providers mirror" has made, from a machine that you trust',
        command: 'terrace bundle import mirror/ --allow-unsigned',
      },
    ],
    load: async () => (await import('../../commands/bundle/bundle-import.ts')).importBundle,
  },
]
