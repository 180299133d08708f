import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { CliError, usageError } from '../cli-error.ts'
import { describeFileError } from '../input/read-input.ts'

/** A configuration as it lies in a folder. */
export interface ConfigurationFolder {
  /** Files of the folder and of the modules that are installed for it, by path in it. */
  readonly files: readonly { readonly path: string; readonly text: string }[]
  /** Text of the lock file; `undefined` when there is none. */
  readonly lockFile: string | undefined
  /** Modules have been installed, so that the files of all of them are there. */
  readonly hasInstalledModules: boolean
}

/** Name of the lock file in its folder. */
export const LOCK_FILE = '.terraform.lock.hcl'

const MODULES_FILE = '.terraform/modules/modules.json'
const CONFIGURATION = /^[^.#].*\.(?:tf|tofu)(?:\.json)?$/

/**
 * Reads what Terraform reads in a folder, and the modules that `terraform get` has installed there.
 * @param folder absolute
 * @throws {CliError} exit code 2 when the folder has no configuration
 */
export async function readConfigurationFolder(folder: string, name: string): Promise<ConfigurationFolder> {
  const root = await readFiles(folder, '.')
  if (root === undefined || root.length === 0) {
    throw usageError(`Cannot read "${name}": there is no configuration in it`, 'Name the folder that has the .tf files')
  }
  const modules = await readInstalledModules(folder)
  const installed = await Promise.all((modules ?? []).map((module) => readInstalled(folder, module)))
  return {
    files: [...root, ...installed.flat()],
    lockFile: await readIfThere(join(folder, LOCK_FILE)),
    hasInstalledModules: modules !== undefined,
  }
}

async function readInstalled(folder: string, module: string): Promise<ConfigurationFolder['files']> {
  const files = await readFiles(folder, module)
  if (files !== undefined) return files
  throw new CliError(`Cannot read module "${module}": it is not where it was installed`, { hint: 'Run: terraform get' })
}

/** Undefined when there is no such folder. Names are those that Terraform reads; a `.tofu` file gives way to a `.tf` file of its name. */
async function readFiles(folder: string, part: string): Promise<ConfigurationFolder['files'] | undefined> {
  const entries = await onDisk(() => readdir(join(folder, part), { withFileTypes: true }))
  if (entries === undefined) return undefined
  const names = entries.filter((entry) => !entry.isDirectory() && CONFIGURATION.test(entry.name)).map((entry) => entry.name)
  const chosen = names.filter((name) => !/\.tofu(?:\.json)?$/.test(name) || !names.includes(name.replace(/\.tofu(\.json)?$/, '.tf$1')))
  return Promise.all(
    chosen.sort().map(async (name) => ({ path: posix.join(part, name), text: await readFile(join(folder, part, name), 'utf8') })),
  )
}

/** Folders of the installed modules, each once, without the root. */
async function readInstalledModules(folder: string): Promise<string[] | undefined> {
  const text = await readIfThere(join(folder, MODULES_FILE))
  if (text === undefined) return undefined
  const { Modules = [] } = parseModules(text)
  const folders = Modules.map(({ Dir = '' }) => posix.normalize(Dir.replaceAll('\\', '/')))
  return [...new Set(folders)].filter((module) => module !== '.' && module !== './')
}

function parseModules(text: string): { readonly Modules?: readonly { readonly Dir?: string }[] } {
  try {
    return JSON.parse(text) as ReturnType<typeof parseModules>
  } catch (cause) {
    throw new CliError(`Cannot read "${MODULES_FILE}": it is not JSON`, { hint: 'Run: terraform get', cause })
  }
}

function readIfThere(path: string): Promise<string | undefined> {
  return onDisk(() => readFile(path, 'utf8'))
}

/** Undefined for what is not there. */
async function onDisk<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    const failure = error as NodeJS.ErrnoException
    if (failure.code === 'ENOENT' || failure.code === 'ENOTDIR') return undefined
    throw new CliError(`Cannot read "${failure.path ?? ''}": ${describeFileError(failure)}`, { cause: error })
  }
}
