import { API_GROUPS, type CommandDefinition, type OptionDefinition } from './command-definition.ts'

const WAIT: OptionDefinition = {
  flags: '--wait',
  description: 'Stay until the job has ended; fail when one of its items did',
}
const LIMIT: OptionDefinition = { flags: '--limit <count>', description: 'Rows to show, or "all"; default: 100' }
const JOB = { syntax: '<job>', description: 'Id of the job, from "terrace mirror jobs"' }
const EXAMPLE_JOB = '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f'

/** Loading providers from upstreams. */
export const MIRROR_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'mirror load',
    summary: 'Load providers by a definition file',
    description:
      'The file names providers, versions and platforms in HCL. The server fetches them from their registries, verifies signature and checksums, and serves them through its mirror. What it holds already is not fetched again.',
    arguments: [{ syntax: '<file>', description: 'Definition file, or - for standard input' }],
    options: [WAIT],
    groups: API_GROUPS,
    examples: [
      { explains: 'Start loading', command: 'terrace mirror load providers.hcl' },
      { explains: 'Load and wait, with a progress bar', command: 'terrace mirror load providers.hcl --wait' },
      { explains: 'From a pipeline', command: 'terrace mirror load - --wait --token-file api-key < providers.hcl' },
    ],
    load: async () => (await import('../commands/mirror-load.ts')).loadProviders,
  },
  {
    name: 'mirror jobs',
    summary: 'List jobs, newest first',
    options: [{ flags: '--state <state>', description: 'Only jobs that are pending, running, completed, failed or cancelled' }, LIMIT],
    groups: API_GROUPS,
    examples: [
      { explains: 'The latest jobs', command: 'terrace mirror jobs --limit 10' },
      { explains: 'Everything that failed, for a script', command: 'terrace mirror jobs --state failed --limit all --json' },
    ],
    load: async () => (await import('../commands/mirror-jobs.ts')).listJobs,
  },
  {
    name: 'mirror status',
    summary: 'Show a job, and why items of it failed',
    arguments: [JOB],
    options: [{ flags: '--watch', description: 'Stay until the job has ended; fail when one of its items did' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'How far it is', command: `terrace mirror status ${EXAMPLE_JOB}` },
      { explains: 'Follow it to its end', command: `terrace mirror status ${EXAMPLE_JOB} --watch` },
    ],
    load: async () => (await import('../commands/mirror-status.ts')).showJobStatus,
  },
  {
    name: 'mirror retry',
    summary: 'Try the failed items of a job again',
    arguments: [JOB],
    options: [WAIT],
    groups: API_GROUPS,
    examples: [
      { explains: 'Put the failed items back into the queue', command: `terrace mirror retry ${EXAMPLE_JOB}` },
      { explains: 'And wait for the outcome', command: `terrace mirror retry ${EXAMPLE_JOB} --wait` },
    ],
    load: async () => (await import('../commands/mirror-retry.ts')).retryJob,
  },
  {
    name: 'mirror quarantine',
    summary: 'List packages that failed verification, with the reason',
    description: 'A quarantined package is never served. --json has the evidence: expected and found digests, key ids, addresses.',
    options: [LIMIT],
    groups: API_GROUPS,
    examples: [
      { explains: 'What was refused', command: 'terrace mirror quarantine' },
      { explains: 'With the evidence', command: 'terrace mirror quarantine --limit all --json' },
    ],
    load: async () => (await import('../commands/mirror-quarantine.ts')).listQuarantine,
  },
]
