import { API_GROUPS, type CommandDefinition, type OptionDefinition, SIGN_IN_GROUPS } from './command-definition.ts'

const PASSWORD_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--username <name>', description: 'User name; asked for when it is missing' },
  { flags: '--password-file <file>', description: 'File with the password' },
  { flags: '--password-stdin', description: 'Read the password from standard input' },
]

/** Signing in and out. */
export const ACCOUNT_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'setup',
    summary: 'Make the first administrator of a new server',
    description:
      'The server prints a one-time set-up token when it starts without any user. Afterwards you are signed in. Secrets are never taken as values of flags.',
    options: [
      { flags: '--token-file <file>', description: 'File with the one-time set-up token' },
      { flags: '--token-stdin', description: 'Read the set-up token from standard input' },
      ...PASSWORD_OPTIONS,
    ],
    groups: SIGN_IN_GROUPS,
    examples: [
      { explains: 'Ask for token, user name and password', command: 'terrace setup' },
      {
        explains: 'From a script',
        command: 'terrace setup --server https://registry.example.com --token-file setup-token --username admin --password-file password',
      },
    ],
    load: async () => (await import('../commands/setup.ts')).setup,
  },
  {
    name: 'login',
    summary: 'Sign in with user name and password',
    description:
      'The token is kept in credentials.json in the folder terrace of XDG_CONFIG_HOME (default ~/.config), readable by you only, and used for this server by the other commands. Pipelines use an API key instead: see "terrace key create".',
    arguments: [{ syntax: '[url]', description: 'Address of the server, as --server' }],
    options: PASSWORD_OPTIONS,
    groups: SIGN_IN_GROUPS,
    examples: [
      { explains: 'Sign in to the server that runs in this folder', command: 'terrace login' },
      { explains: 'Sign in to another one', command: 'terrace login https://registry.example.com' },
      { explains: 'From a script', command: 'terrace login registry.example.com --username ada --password-file password' },
    ],
    load: async () => (await import('../commands/login.ts')).login,
  },
  {
    name: 'logout',
    summary: 'Revoke the token of "terrace login" and forget it',
    groups: SIGN_IN_GROUPS,
    examples: [
      { explains: 'Sign out where you signed in last', command: 'terrace logout' },
      { explains: 'Sign out from one of several servers', command: 'terrace logout --server https://registry.example.com' },
    ],
    load: async () => (await import('../commands/logout.ts')).logout,
  },
  {
    name: 'whoami',
    summary: 'Show who you are to the server, and what you may do',
    groups: API_GROUPS,
    examples: [
      { explains: 'Show user name and scopes', command: 'terrace whoami' },
      { explains: 'Check an API key before a pipeline uses it', command: 'terrace whoami --token-file api-key --json' },
    ],
    load: async () => (await import('../commands/whoami.ts')).whoami,
  },
]
