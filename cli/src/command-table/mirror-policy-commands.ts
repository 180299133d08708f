import { API_GROUPS, type CommandDefinition, type OptionDefinition } from './command-definition.ts'

const POLICY = { syntax: '<policy>', description: 'Name or id of the policy, from "terrace mirror policy list"' }
const ADDRESS = { syntax: '<address>', description: 'HOST/NAMESPACE/TYPE; without a host registry.terraform.io is meant' }
const VERSION = { syntax: '[version]', description: 'One version; without it all of them' }
const REASON: OptionDefinition = { flags: '--reason <text>', description: 'Why; goes to the audit' }
const REQUEST = { syntax: '<request>', description: 'Id of the request, from "terrace mirror approval list"' }
const EXAMPLE_ID = '01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f'

const CONTENT: readonly OptionDefinition[] = [
  { flags: '--priority <number>', description: 'The highest is looked at first' },
  { flags: '--effect <effect>', description: 'allow, deny or require_approval' },
  { flags: '--upstream <pattern>', description: 'Host name; "*" stands for any characters' },
  { flags: '--namespace <pattern>', description: 'Namespace; "*" stands for any characters' },
  { flags: '--type <pattern>', description: 'Type of the provider; "*" stands for any characters' },
  { flags: '--version-constraint <constraint>', description: 'Only these versions: ">= 2.0"; "any" for all' },
  { flags: '--organization <name>', description: 'Only for mirrors of this organisation; "any" for all' },
  { flags: '--reason <text>', description: 'Shown to whoever it stops' },
]

/** Rules about providers of upstreams. */
export const MIRROR_POLICY_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'mirror policy list',
    summary: 'List mirror policies, highest priority first',
    groups: API_GROUPS,
    examples: [
      { explains: 'In the order in which they count', command: 'terrace mirror policy list' },
      { explains: 'For a script', command: 'terrace mirror policy list --json' },
    ],
    load: async () => (await import('../commands/mirror-policy/policy.ts')).listPolicies,
  },
  {
    name: 'mirror policy create',
    summary: 'Make a mirror policy',
    description: 'The policy with the highest priority that matches decides; of equal ones the strictest. What none matches is denied.',
    arguments: [{ syntax: '<name>', description: 'Unique' }],
    options: [...CONTENT, { flags: '--disabled', description: 'It does not count yet' }],
    groups: API_GROUPS,
    examples: [
      {
        explains: 'Keep a version out',
        command:
          'terrace mirror policy create "No widget 2" --priority 100 --effect deny --namespace acme --type widget --version-constraint "~> 2.0.0" --reason "Deletes data"',
      },
      {
        explains: 'Ask first for everything from one upstream',
        command: 'terrace mirror policy create "Ask first" --priority 50 --effect require_approval --upstream registry.opentofu.org',
      },
    ],
    load: async () => (await import('../commands/mirror-policy/policy.ts')).createPolicy,
  },
  {
    name: 'mirror policy edit',
    summary: 'Change, disable or enable a mirror policy',
    arguments: [POLICY],
    options: [
      { flags: '--name <name>', description: 'New name' },
      ...CONTENT,
      { flags: '--enable', description: 'Let it count' },
      { flags: '--disable', description: 'Let it count no more' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'A curated mirror', command: 'terrace mirror policy edit "Everything else" --effect require_approval' },
      { explains: 'Leave one out for now', command: 'terrace mirror policy edit "Ask first" --disable' },
    ],
    load: async () => (await import('../commands/mirror-policy/policy.ts')).editPolicy,
  },
  {
    name: 'mirror policy delete',
    summary: 'Delete a mirror policy',
    arguments: [POLICY],
    options: [{ flags: '--force', description: 'Do not ask' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'After a question', command: 'terrace mirror policy delete "Ask first"' },
      { explains: 'From a script', command: `terrace mirror policy delete ${EXAMPLE_ID} --force` },
    ],
    load: async () => (await import('../commands/mirror-policy/policy.ts')).deletePolicy,
  },
  {
    name: 'mirror policy test',
    summary: 'Explain what the policies say of a provider or version',
    description: 'Fails when it would not be let in. --json has every check of every policy.',
    arguments: [ADDRESS, VERSION],
    options: [
      { flags: '--published-at <time>', description: 'When it came out, for the cool-down: 2026-03-01T12:00:00Z' },
      { flags: '--organization <name>', description: 'Whose mirror would bring it' },
      { flags: '--on-demand', description: 'As when a client asks and nobody has loaded it' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'May this version come in?', command: 'terrace mirror policy test registry.opentofu.org/acme/widget 2.0.1' },
      { explains: 'Which policy decides, and why', command: 'terrace mirror policy test hashicorp/aws --json' },
    ],
    load: async () => (await import('../commands/mirror-policy/policy-test.ts')).testPolicies,
  },
]

/** Exceptions from those rules. */
export const MIRROR_APPROVAL_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'mirror approval list',
    summary: 'List approval requests, newest first',
    options: [
      { flags: '--state <state>', description: 'Only those that are pending, approved or rejected' },
      { flags: '--limit <count>', description: 'Requests to show, or "all"; default: 100' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'What waits for somebody', command: 'terrace mirror approval list --state pending' },
      { explains: 'With who decided what', command: 'terrace mirror approval list --limit all --json' },
    ],
    load: async () => (await import('../commands/mirror-policy/approval.ts')).listApprovals,
  },
  {
    name: 'mirror approval request',
    summary: 'Ask for the approval of a provider or version',
    arguments: [ADDRESS, VERSION],
    options: [REASON],
    groups: API_GROUPS,
    examples: [
      {
        explains: 'One version',
        command: 'terrace mirror approval request registry.opentofu.org/acme/widget 2.0.1 --reason "For the new network"',
      },
      { explains: 'All of a provider', command: 'terrace mirror approval request hashicorp/aws --reason "We run on it"' },
    ],
    load: async () => (await import('../commands/mirror-policy/approval.ts')).requestApproval,
  },
  {
    name: 'mirror approval approve',
    summary: 'Approve a request',
    description: 'With "mirror.approvals_needed" 2, two people approve, and the one who asked is none of them.',
    arguments: [REQUEST],
    options: [REASON],
    groups: API_GROUPS,
    examples: [
      { explains: 'Let it in', command: `terrace mirror approval approve ${EXAMPLE_ID}` },
      { explains: 'With a word for the audit', command: `terrace mirror approval approve ${EXAMPLE_ID} --reason "Read the source"` },
    ],
    load: async () => (await import('../commands/mirror-policy/approval.ts')).approveRequest,
  },
  {
    name: 'mirror approval reject',
    summary: 'Reject a request, or take its approval back',
    arguments: [REQUEST],
    options: [REASON],
    groups: API_GROUPS,
    examples: [
      { explains: 'Keep it out', command: `terrace mirror approval reject ${EXAMPLE_ID}` },
      { explains: 'With a word for the audit', command: `terrace mirror approval reject ${EXAMPLE_ID} --reason "Nobody maintains it"` },
    ],
    load: async () => (await import('../commands/mirror-policy/approval.ts')).rejectRequest,
  },
  {
    name: 'mirror approval override',
    summary: 'Let a version in before its cool-down is over',
    arguments: [ADDRESS, { syntax: '<version>', description: 'The version' }],
    options: [REASON],
    groups: API_GROUPS,
    examples: [
      { explains: 'It fixes a hole', command: 'terrace mirror approval override hashicorp/aws 6.2.1 --reason "Fixes CVE-2026-1"' },
      { explains: 'For a script', command: 'terrace mirror approval override hashicorp/aws 6.2.1 --reason "Read it" --json' },
    ],
    load: async () => (await import('../commands/mirror-policy/approval.ts')).overrideCoolDown,
  },
]
