import { API_GROUPS, type ArgumentDefinition, type CommandDefinition, type OptionDefinition } from './command-definition.ts'

const USER: ArgumentDefinition = { syntax: '<user>', description: 'User name or id' }
const FORCE: OptionDefinition = { flags: '--force', description: 'Do not ask' }

/** A password for somebody new. */
export const NEW_PASSWORD_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--ask-password', description: 'Ask for a password; without one they can only sign in elsewhere' },
  { flags: '--password-file <file>', description: 'File with the password' },
  { flags: '--password-stdin', description: 'Read the password from standard input' },
]

const PROFILE_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--email <address>', description: 'E-mail address' },
  { flags: '--display-name <name>', description: 'What people call them' },
]

const SCOPE: OptionDefinition = {
  flags: '--scope <scope>',
  description: 'What they may do in the whole registry, beside their roles; may be repeated',
  repeatable: true,
}

/** Users of the whole registry. */
export const USER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'user list',
    summary: 'List or search users',
    options: [
      { flags: '--search <text>', description: 'Part of user name, name or e-mail address' },
      { flags: '--disabled', description: 'Only those who are disabled' },
      { flags: '--limit <count>', description: 'Users to show, or "all"; default: 100' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Who is called so?', command: 'terrace user list --search mia' },
      { explains: 'Everybody, for a script', command: 'terrace user list --limit all --json' },
    ],
    load: async () => (await import('../commands/user/user-list.ts')).listUsers,
  },
  {
    name: 'user show',
    summary: 'Show a user with scopes and roles',
    arguments: [USER],
    groups: API_GROUPS,
    examples: [
      { explains: 'One user', command: 'terrace user show mia' },
      { explains: 'Their roles', command: 'terrace user show mia --plain | grep ^role' },
    ],
    load: async () => (await import('../commands/user/user-show.ts')).showUser,
  },
  {
    name: 'user create',
    summary: 'Make a user',
    description: 'Nobody gives a scope or a role that allows more than they may do themselves.',
    arguments: [{ syntax: '<username>', description: 'Name to sign in with' }],
    options: [
      ...PROFILE_OPTIONS,
      { flags: '--role <role>', description: 'Role in the organisation: publisher, viewer, …; see "terrace org role list"' },
      { flags: '--organization <name>', description: 'Organisation of the role; default: default' },
      SCOPE,
      ...NEW_PASSWORD_OPTIONS,
    ],
    groups: API_GROUPS,
    examples: [
      {
        explains: 'Somebody who signs in through an identity provider',
        command: 'terrace user create mia --email mia@example.com --role publisher',
      },
      { explains: 'With a password from a file', command: 'terrace user create ci --role publisher --password-file password' },
    ],
    load: async () => (await import('../commands/user/user-create.ts')).createUser,
  },
  {
    name: 'user edit',
    summary: 'Change address, name or scopes of a user',
    description: 'Scopes replace those that there are; roles are changed with "terrace org member set". An empty text takes a value away.',
    arguments: [USER],
    options: [...PROFILE_OPTIONS, SCOPE, { flags: '--no-scopes', description: 'Take all scopes; roles stay' }],
    groups: API_GROUPS,
    examples: [
      { explains: 'Another address', command: 'terrace user edit mia --email mia.long@example.com' },
      { explains: 'Let them read the audit', command: 'terrace user edit mia --scope audit:read' },
    ],
    load: async () => (await import('../commands/user/user-edit.ts')).editUser,
  },
  {
    name: 'user disable',
    summary: 'Keep a user out, at once: sessions end, API keys stop working',
    arguments: [USER],
    options: [FORCE],
    groups: API_GROUPS,
    examples: [
      { explains: 'After a question', command: 'terrace user disable mia' },
      { explains: 'From a script', command: 'terrace user disable mia --force' },
    ],
    load: async () => (await import('../commands/user/user-edit.ts')).disableUser,
  },
  {
    name: 'user enable',
    summary: 'Let a disabled user in again',
    arguments: [USER],
    groups: API_GROUPS,
    examples: [
      { explains: 'Their API keys work again too', command: 'terrace user enable mia' },
      { explains: 'From a script', command: 'terrace user enable mia --json' },
    ],
    load: async () => (await import('../commands/user/user-edit.ts')).enableUser,
  },
  {
    name: 'user delete',
    summary: 'Delete a user for ever, with sessions, API keys and roles',
    description: 'The audit keeps the name. You are asked to type it; --force answers for you.',
    arguments: [USER],
    options: [FORCE],
    groups: API_GROUPS,
    examples: [
      { explains: 'After typing the name', command: 'terrace user delete mia' },
      { explains: 'From a script', command: 'terrace user delete mia --force' },
    ],
    load: async () => (await import('../commands/user/user-edit.ts')).deleteUser,
  },
  {
    name: 'user password',
    summary: 'Change your password, or give a user a new one',
    description: 'Ends all sessions of the account. Passwords are never taken as values of flags.',
    arguments: [{ syntax: '[user]', description: 'User name or id; without it your own password' }],
    options: [
      { flags: '--current-password-file <file>', description: 'File with your current password' },
      { flags: '--password-file <file>', description: 'File with the new password' },
      { flags: '--password-stdin', description: 'Read the new password from standard input' },
    ],
    groups: API_GROUPS,
    examples: [
      { explains: 'Your own', command: 'terrace user password' },
      { explains: 'A new one for somebody else', command: 'terrace user password mia --password-file password' },
    ],
    load: async () => (await import('../commands/user/user-password.ts')).setPassword,
  },
]
