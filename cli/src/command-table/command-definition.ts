import type { CommandContext } from '../program/command-context.ts'

/** A flag of a command. */
export interface OptionDefinition {
  /** As commander reads it: `--namespace <name>`, `-q, --quiet`, `--no-color`. */
  readonly flags: string
  readonly description: string
  /** The flag may be given several times; its value is a list. */
  readonly repeatable?: boolean
}

/** A word after the name of a command. */
export interface ArgumentDefinition {
  /** `<file>` when it is needed, `[url]` when it is not. */
  readonly syntax: string
  readonly description: string
}

/** A use of a command that works as it is written. */
export interface CommandExample {
  readonly explains: string
  readonly command: string
}

/** What a command is called with. */
export interface CommandInput<Options> {
  /** In the order of the definition; `undefined` for those left out. */
  readonly arguments: readonly (string | undefined)[]
  readonly options: Options
}

export type RunCommand<Options> = (context: CommandContext, input: CommandInput<Options>) => Promise<void>

/** Flags that several commands have in common; each group is a block of the help. */
export type OptionGroup = 'token' | 'server' | 'output' | 'input'

/** One command of the client: what its help, its page of the reference and its parser are made of. */
export interface CommandDefinition {
  /** `mirror load`: noun and verb, or one word. */
  readonly name: string
  /** Imperative, no full stop. */
  readonly summary: string
  readonly description?: string
  readonly arguments?: readonly ArgumentDefinition[]
  readonly options?: readonly OptionDefinition[]
  readonly groups: readonly OptionGroup[]
  readonly examples: readonly [CommandExample, CommandExample, ...CommandExample[]]
  /** Loads the code of the command when it is run, so that starting stays quick. */
  readonly load: () => Promise<RunCommand<never>>
}

/** Groups of a command that talks to a server as somebody. */
export const API_GROUPS: readonly OptionGroup[] = ['server', 'token', 'output', 'input']
/** Groups of a command that has its own way to prove who asks. */
export const SIGN_IN_GROUPS: readonly OptionGroup[] = ['server', 'output', 'input']

/** Common flags, by group. */
export const GROUP_OPTIONS: Readonly<Record<OptionGroup, { readonly title: string; readonly options: readonly OptionDefinition[] }>> = {
  server: {
    title: 'Server',
    options: [
      { flags: '--server <url>', description: 'Address of the server. Default: TERRACE_SERVER, else where you signed in last' },
      { flags: '--ca-file <file>', description: 'Certificates (PEM) to trust beside the usual ones. Default: TERRACE_CA_FILE' },
      { flags: '--timeout <seconds>', description: 'Give up when the server says nothing for so long. Default: 30' },
    ],
  },
  token: {
    title: 'Credential',
    options: [
      {
        flags: '--token-file <file>',
        description:
          'File with an API key. Default: TERRACE_TOKEN (every program you start can read it), else the token of "terrace login"',
      },
      { flags: '--token-stdin', description: 'Read the API key from standard input' },
    ],
  },
  output: {
    title: 'Output',
    options: [
      { flags: '--json', description: 'Write one JSON document to standard output' },
      { flags: '--plain', description: 'Write tab-separated lines to standard output' },
      { flags: '-q, --quiet', description: 'Write nothing but data and failures' },
      { flags: '-v, --verbose', description: 'Tell each request on standard error' },
      { flags: '--no-color', description: 'No colours; NO_COLOR does the same' },
    ],
  },
  input: {
    title: 'Input',
    options: [{ flags: '--no-input', description: 'Never ask; fail when something is missing' }],
  },
}
