import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from '../cli-error.ts'

/** What `terrace login` keeps of one server. */
export interface StoredServer {
  readonly token: string
  readonly username: string
  /** ISO 8601; the token is refused afterwards. */
  readonly expires_at: string
  /** Absolute path of the certificates that the server was trusted by. */
  readonly ca_file?: string
}

/** The file: signed-in servers by origin, and the one that commands ask when none is named. */
export interface StoredCredentials {
  readonly version: 1
  readonly current: string | null
  readonly servers: Readonly<Record<string, StoredServer>>
}

const NOTHING: StoredCredentials = { version: 1, current: null, servers: {} }

/** Path of the file within the folder that the environment names. */
export function credentialsPath(configFolder: string): string {
  return join(configFolder, 'credentials.json')
}

/** What is stored; nothing when there is no file yet. @throws {CliError} when the file cannot be read. */
export async function readCredentials(configFolder: string): Promise<StoredCredentials> {
  const path = credentialsPath(configFolder)
  try {
    const stored = JSON.parse(await readFile(path, 'utf8')) as Partial<StoredCredentials> | null
    return { ...NOTHING, current: stored?.current ?? null, servers: stored?.servers ?? {} }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOTHING
    throw new CliError(`Cannot read "${path}": ${(error as Error).message}`, {
      hint: 'Remove the file and run: terrace login',
      cause: error,
    })
  }
}

/** Keeps a server's token and makes the server the current one. */
export async function storeServer(configFolder: string, url: string, server: StoredServer): Promise<void> {
  const { servers } = await readCredentials(configFolder)
  await writeCredentials(configFolder, { version: 1, current: url, servers: { ...servers, [url]: server } })
}

/** Forgets a server; another one that is signed in becomes the current one. */
export async function forgetServer(configFolder: string, url: string): Promise<void> {
  const { current, servers } = await readCredentials(configFolder)
  const { [url]: _forgotten, ...rest } = servers
  await writeCredentials(configFolder, { version: 1, current: current === url ? (Object.keys(rest)[0] ?? null) : current, servers: rest })
}

/** Readable by its owner only, and never half written: a new file takes the place of the old one. */
async function writeCredentials(configFolder: string, credentials: StoredCredentials): Promise<void> {
  const path = credentialsPath(configFolder)
  const temporary = `${path}.${randomUUID()}`
  try {
    await mkdir(configFolder, { recursive: true, mode: 0o700 })
    await writeFile(temporary, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new CliError(`Cannot write "${path}": ${(error as Error).message}`, { cause: error })
  }
}
