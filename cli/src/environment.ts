import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** What the commands take from the variables of the process; an empty variable counts as unset. */
export interface CliEnvironment {
  /** `TERRACE_SERVER` */
  readonly server: string | undefined
  /** `TERRACE_TOKEN` */
  readonly token: string | undefined
  /** `TERRACE_CA_FILE` */
  readonly caFile: string | undefined
  /** `NO_COLOR` is set, or the terminal is a dumb one. */
  readonly noColor: boolean
  /** The terminal cannot move its cursor. */
  readonly dumbTerminal: boolean
  /** Folder of the files that commands keep for their user. */
  readonly configFolder: string
  /** Folder of what can be made anew at any time. */
  readonly cacheFolder: string
  /** Where a job on GitHub gets its identity token, with the secret for asking; `undefined` anywhere else. */
  readonly gitHubIdentity: { readonly url: string; readonly token: string } | undefined
  /** Variables of proxies, as the HTTP agent of Node reads them. */
  readonly proxy: Readonly<Record<string, string>>
}

type Variables = Readonly<Record<string, string | undefined>>

const PROXY_VARIABLES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy']

/** The only reader of variables in the client commands. */
export function readEnvironment(variables: Variables = process.env): CliEnvironment {
  const get = (name: string): string | undefined => variables[name] || undefined
  const dumbTerminal = get('TERM') === 'dumb'
  return {
    server: get('TERRACE_SERVER'),
    token: get('TERRACE_TOKEN')?.trim(),
    caFile: get('TERRACE_CA_FILE'),
    noColor: get('NO_COLOR') !== undefined || dumbTerminal,
    dumbTerminal,
    configFolder: join(absolute(get('XDG_CONFIG_HOME')) ?? join(homeFolder(), '.config'), 'terrace'),
    cacheFolder: join(absolute(get('XDG_CACHE_HOME')) ?? join(homeFolder(), '.cache'), 'terrace'),
    gitHubIdentity: gitHubIdentityOf(get('ACTIONS_ID_TOKEN_REQUEST_URL'), get('ACTIONS_ID_TOKEN_REQUEST_TOKEN')),
    proxy: Object.fromEntries(
      PROXY_VARIABLES.flatMap((name) => {
        const value = get(name)
        return value === undefined ? [] : [[name, value]]
      }),
    ),
  }
}

function gitHubIdentityOf(url: string | undefined, token: string | undefined): CliEnvironment['gitHubIdentity'] {
  return url === undefined || token === undefined || !URL.canParse(url) ? undefined : { url, token }
}

/** The root for a user id that no list knows, as container runtimes have it; nothing can be kept there, and nothing has to be. */
function homeFolder(): string {
  try {
    return homedir()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SYSTEM_ERROR') return '/'
    throw error
  }
}

/** A relative value is ignored. Source: XDG Base Directory Specification. */
function absolute(folder: string | undefined): string | undefined {
  return folder !== undefined && isAbsolute(folder) ? folder : undefined
}
