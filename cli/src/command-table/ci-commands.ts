import { API_GROUPS, type CommandDefinition, type OptionDefinition, SIGN_IN_GROUPS } from './command-definition.ts'

const IDENTITY: readonly OptionDefinition[] = [
  { flags: '--identity-token-file <file>', description: 'File with the identity token of the pipeline' },
  { flags: '--identity-token-stdin', description: 'Read the identity token from standard input' },
]

/** Pipelines without stored secrets. */
export const CI_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'trust-rule list',
    summary: 'List which pipelines are trusted',
    groups: API_GROUPS,
    examples: [
      { explains: 'Show issuers, claims and scopes', command: 'terrace trust-rule list' },
      { explains: 'The ids only', command: 'terrace trust-rule list --plain | cut -f 1' },
    ],
    load: async () => (await import('../commands/ci/trust-rule-list.ts')).listTrustRules,
  },
  {
    name: 'trust-rule create',
    summary: 'Trust the identity tokens of pipelines',
    description:
      'A pipeline whose token fits may have a key with these scopes for a short time. Every claim must fit; "*" stands for any characters.',
    arguments: [{ syntax: '<name>', description: 'Unique in the organisation' }],
    options: [
      { flags: '--issuer <url>', description: 'Exactly as the claim "iss" has it; or github, gitlab for the public services' },
      { flags: '--audience <text>', description: 'What the claim "aud" must be; default: the address of the server' },
      { flags: '--claim <name=pattern>', description: 'A claim, and what it must be; may be repeated', repeatable: true },
      { flags: '--scope <scope>', description: 'What the keys allow, for example modules:write; may be repeated', repeatable: true },
      { flags: '--namespace <name>', description: 'The only namespace that the keys may change; may be repeated', repeatable: true },
      { flags: '--organization <name>', description: 'For which organisation the pipelines work; default: default' },
      { flags: '--life <minutes>', description: 'Life of a key in minutes, 1 to 60; default: 15' },
    ],
    groups: API_GROUPS,
    examples: [
      {
        explains: 'The main branch of a repository on GitHub publishes modules',
        command: 'terrace trust-rule create release --issuer github --claim sub=repo:acme/widget:ref:refs/heads/main --scope modules:write',
      },
      {
        explains: 'Protected tags of a group on GitLab publish in one namespace',
        command:
          'terrace trust-rule create tags --issuer gitlab --claim project_path=acme/* --claim ref_type=tag --claim ref_protected=true --scope modules:write --namespace acme',
      },
    ],
    load: async () => (await import('../commands/ci/trust-rule-create.ts')).createTrustRule,
  },
  {
    name: 'trust-rule edit',
    summary: 'Change which pipelines are trusted; keys that came from the rule end at once',
    description: 'What is not named stays. Claims, scopes and namespaces replace those before.',
    arguments: [{ syntax: '<id>', description: 'Id from "terrace trust-rule list"' }],
    options: [
      { flags: '--name <name>', description: 'Another name' },
      { flags: '--issuer <url>', description: 'Exactly as the claim "iss" has it; or github, gitlab for the public services' },
      { flags: '--audience <text>', description: 'What the claim "aud" must be' },
      { flags: '--claim <name=pattern>', description: 'A claim, and what it must be; may be repeated', repeatable: true },
      { flags: '--scope <scope>', description: 'What the keys allow; may be repeated', repeatable: true },
      { flags: '--namespace <name>', description: 'The only namespace that the keys may change; may be repeated', repeatable: true },
      { flags: '--all-namespaces', description: 'The keys may change all namespaces of the organisation' },
      { flags: '--life <minutes>', description: 'Life of a key in minutes, 1 to 60' },
      { flags: '--enable', description: 'Trust the pipelines again' },
      { flags: '--disable', description: 'Trust them no more for now' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Trust nobody by it for now', command: 'terrace trust-rule edit 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f --disable' },
      {
        explains: 'Other claims',
        command: "terrace trust-rule edit 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f --claim repository=acme/widget --claim ref='refs/tags/v*'",
      },
    ],
    load: async () => (await import('../commands/ci/trust-rule-edit.ts')).editTrustRule,
  },
  {
    name: 'trust-rule delete',
    summary: 'Trust pipelines no more; their keys end at once',
    arguments: [{ syntax: '<id>', description: 'Id from "terrace trust-rule list"' }],
    options: [{ flags: '--force', description: 'Do not ask' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Delete a rule after a question', command: 'terrace trust-rule delete 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f' },
      { explains: 'From a script', command: 'terrace trust-rule delete 01927f3e-8f5a-7c43-9d6e-2b1a0c4d5e6f --force' },
    ],
    load: async () => (await import('../commands/ci/trust-rule-delete.ts')).deleteTrustRule,
  },
  {
    name: 'trust-rule test',
    summary: 'Explain which rule fits a token, and why others do not',
    description: 'A token is not used up by this. Ends with exit code 1 when a pipeline would get no key.',
    options: [
      ...IDENTITY,
      { flags: '--claim <name=value>', description: 'In place of a token: a claim that one would have; may be repeated', repeatable: true },
      { flags: '--organization <name>', description: 'As the pipeline would say' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'With a token from a pipeline', command: 'terrace trust-rule test --identity-token-file token' },
      {
        explains: 'Without one',
        command:
          'terrace trust-rule test --claim iss=https://gitlab.com --claim aud=https://registry.example.com --claim project_path=acme/widget',
      },
    ],
    load: async () => (await import('../commands/ci/trust-rule-test.ts')).testTrustRules,
  },
  {
    name: 'token exchange',
    summary: 'Get a short-lived key for the pipeline that this runs in',
    description:
      'The key is written to standard output. On GitHub the identity token is asked for when the job has the permission "id-token: write"; elsewhere it comes from a file or standard input.',
    options: [
      ...IDENTITY,
      { flags: '--audience <text>', description: 'Audience of the token that is asked for on GitHub; default: the address of the server' },
      { flags: '--organization <name>', description: 'For which organisation the pipeline works, when several trust it' },
      { flags: '--variable', description: 'Write the variable that Terraform and OpenTofu read: TF_TOKEN_HOST=KEY' },
    ],
    groups: SIGN_IN_GROUPS,
    examples: [
      { explains: 'In a job on GitHub, for the --token-file of other commands', command: 'terrace token exchange --quiet > api-key' },
      { explains: 'With a token in a file', command: 'terrace token exchange --identity-token-file id-token --variable' },
    ],
    load: async () => (await import('../commands/ci/token-exchange.ts')).exchangeToken,
  },
]
