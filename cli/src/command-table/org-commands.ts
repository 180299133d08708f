import { API_GROUPS, type ArgumentDefinition, type CommandDefinition, type OptionDefinition } from './command-definition.ts'
import { NEW_PASSWORD_OPTIONS } from './user-commands.ts'

const ORGANIZATION: ArgumentDefinition = { syntax: '<organization>', description: 'Name of the organisation' }
const NAME: ArgumentDefinition = { syntax: '<name>', description: 'Name of the organisation' }
const USER: ArgumentDefinition = { syntax: '<user>', description: 'User name or id' }
const ROLE: ArgumentDefinition = { syntax: '<role>', description: 'Name or id of the role' }
const FORCE: OptionDefinition = { flags: '--force', description: 'Do not ask' }
const ROLE_OPTION: OptionDefinition = { flags: '--role <role>', description: 'Name or id of the role; see "terrace org role list"' }
const SCOPE: OptionDefinition = { flags: '--scope <scope>', description: 'What the role allows; may be repeated', repeatable: true }
const DESCRIPTION: OptionDefinition = { flags: '--description <text>', description: 'What the role is for' }
const SEARCH = (what: string): OptionDefinition => ({ flags: '--search <text>', description: `Part of ${what}` })
const LIMIT = (what: string): OptionDefinition => ({ flags: '--limit <count>', description: `${what} to show, or "all"; default: 100` })

/** Organisations. */
export const ORG_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'org list',
    summary: 'List the organisations that you have a role in',
    options: [SEARCH('name or display name'), LIMIT('Organisations')],
    groups: API_GROUPS,
    examples: [
      { explains: 'With numbers of members and namespaces', command: 'terrace org list' },
      { explains: 'Names only', command: 'terrace org list --plain | cut -f 1' },
    ],
    load: async () => (await import('../commands/org/org.ts')).listOrganizations,
  },
  {
    name: 'org show',
    summary: 'Show an organisation',
    arguments: [NAME],
    groups: API_GROUPS,
    examples: [
      { explains: 'The one that every registry has', command: 'terrace org show default' },
      { explains: 'As JSON', command: 'terrace org show acme --json' },
    ],
    load: async () => (await import('../commands/org/org.ts')).showOrganization,
  },
  {
    name: 'org create',
    summary: 'Make an organisation',
    description: 'Needs a server with multi_tenancy.enabled.',
    arguments: [{ syntax: '<name>', description: 'Name in scripts and settings; it stays' }],
    options: [{ flags: '--display-name <name>', description: 'What people call it' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Make one', command: 'terrace org create acme --display-name "Acme Ltd"' },
      { explains: 'With its name as display name', command: 'terrace org create acme' },
    ],
    load: async () => (await import('../commands/org/org.ts')).createOrganization,
  },
  {
    name: 'org edit',
    summary: 'Give an organisation another display name',
    arguments: [NAME, { syntax: '<display-name>', description: 'What people call it from now on' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'After a merger', command: 'terrace org edit acme "Acme & Sons"' },
      { explains: 'From a script', command: 'terrace org edit acme "Acme & Sons" --json' },
    ],
    load: async () => (await import('../commands/org/org.ts')).editOrganization,
  },
  {
    name: 'org delete',
    summary: 'Delete an organisation that publishes nothing',
    description:
      'Its users stay. The names of its namespaces stay taken for ever. You are asked to type the name; --force answers for you.',
    arguments: [NAME],
    options: [FORCE],
    groups: API_GROUPS,
    examples: [
      { explains: 'After typing the name', command: 'terrace org delete acme' },
      { explains: 'From a script', command: 'terrace org delete acme --force' },
    ],
    load: async () => (await import('../commands/org/org.ts')).deleteOrganization,
  },
]

/** Who has which role in an organisation. */
export const ORG_MEMBER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'org member list',
    summary: 'List the members of an organisation with their roles',
    arguments: [ORGANIZATION],
    options: [SEARCH('user name or name'), LIMIT('Members')],
    groups: API_GROUPS,
    examples: [
      { explains: 'Who may do what', command: 'terrace org member list default' },
      { explains: 'Administrators only', command: 'terrace org member list acme --limit all --plain | awk -F "\\t" \'$3 == "admin"\'' },
    ],
    load: async () => (await import('../commands/org/org-member.ts')).listMembers,
  },
  {
    name: 'org member add',
    summary: 'Give a user a role in an organisation',
    description: 'With --new the user is made first. Nobody gives a role that allows more than they may do there themselves.',
    arguments: [ORGANIZATION, USER],
    options: [
      ROLE_OPTION,
      { flags: '--new', description: 'Make a new user of this name' },
      { flags: '--email <address>', description: 'E-mail address of the new user' },
      { flags: '--display-name <name>', description: 'What people call the new user' },
      ...NEW_PASSWORD_OPTIONS,
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Somebody who is a user already', command: 'terrace org member add default mia --role publisher' },
      { explains: 'Somebody new', command: 'terrace org member add acme noah --role viewer --new --email noah@example.com' },
    ],
    load: async () => (await import('../commands/org/org-member.ts')).addMember,
  },
  {
    name: 'org member set',
    summary: 'Give a member another role',
    arguments: [ORGANIZATION, USER],
    options: [ROLE_OPTION],
    groups: API_GROUPS,
    examples: [
      { explains: 'From the next request on', command: 'terrace org member set default mia --role devops' },
      { explains: 'A role of the organisation', command: 'terrace org member set acme mia --role release' },
    ],
    load: async () => (await import('../commands/org/org-member.ts')).setMember,
  },
  {
    name: 'org member remove',
    summary: 'Take the role in an organisation from a user',
    arguments: [ORGANIZATION, USER],
    options: [FORCE],
    groups: API_GROUPS,
    examples: [
      { explains: 'After a question', command: 'terrace org member remove acme mia' },
      { explains: 'From a script', command: 'terrace org member remove acme mia --force' },
    ],
    load: async () => (await import('../commands/org/org-member.ts')).removeMember,
  },
]

/** Named sets of scopes. */
export const ORG_ROLE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'org role list',
    summary: 'List roles: those that come with Terrace, and those of an organisation',
    arguments: [{ syntax: '[organization]', description: 'Name of the organisation' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Roles that there always are', command: 'terrace org role list' },
      { explains: 'With those of an organisation', command: 'terrace org role list acme' },
    ],
    load: async () => (await import('../commands/org/org-role.ts')).listRoles,
  },
  {
    name: 'org role create',
    summary: 'Make a role of an organisation',
    arguments: [ORGANIZATION, ROLE],
    options: [SCOPE, DESCRIPTION],
    groups: API_GROUPS,
    examples: [
      { explains: 'Publishes modules, no providers', command: 'terrace org role create acme release --scope modules:write' },
      {
        explains: 'Reads only, with a description',
        command: 'terrace org role create acme guest --scope modules:read --description "Installs modules"',
      },
    ],
    load: async () => (await import('../commands/org/org-role.ts')).createRole,
  },
  {
    name: 'org role edit',
    summary: 'Change what a role of an organisation allows, for everybody who has it',
    arguments: [ORGANIZATION, ROLE],
    options: [SCOPE, DESCRIPTION],
    groups: API_GROUPS,
    examples: [
      { explains: 'All scopes from now on', command: 'terrace org role edit acme release --scope modules:write --scope providers:write' },
      { explains: 'Another description', command: 'terrace org role edit acme release --description "Release team"' },
    ],
    load: async () => (await import('../commands/org/org-role.ts')).editRole,
  },
  {
    name: 'org role delete',
    summary: 'Delete a role of an organisation that nobody has',
    arguments: [ORGANIZATION, ROLE],
    options: [FORCE],
    groups: API_GROUPS,
    examples: [
      { explains: 'After a question', command: 'terrace org role delete acme release' },
      { explains: 'From a script', command: 'terrace org role delete acme release --force' },
    ],
    load: async () => (await import('../commands/org/org-role.ts')).deleteRole,
  },
]
