import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { CliError, usageError } from '../../cli-error.ts'
import { describeFileError } from '../../input/read-input.ts'
import { countOf } from '../../output/format-amounts.ts'
import { type IgnoreRules, parseIgnoreRules } from './ignore-rules.ts'

/** A file that goes into the archive; its bytes stay on disk. */
export interface ModuleFile {
  /** Below the folder, with `/` between its parts. */
  readonly path: string
  /** Where the bytes are: links are resolved. */
  readonly realPath: string
  /** Bytes. */
  readonly size: number
  readonly executable: boolean
}

/** What of a folder is published. */
export interface ModuleFolder {
  /** As it was named. */
  readonly folder: string
  /** In the order of a walk with sorted names; at least one with configuration. */
  readonly files: readonly ModuleFile[]
  /** Bytes of all files. */
  readonly bytes: number
  /** Paths that stay at home, folders with `/` behind; the first ones when there are very many. */
  readonly leftOut: readonly string[]
  /** How many paths stay at home. */
  readonly leftOutCount: number
}

/** What the server takes at most; more is found out here before anything is sent. */
const MAX_FILES = 10_000
const MAX_LEFT_OUT_SHOWN = 1_000

/**
 * Never part of an archive, whatever `.terraformignore` says: the history is not the module, and the server refuses it; `.terraform`
 * holds the providers and modules that this machine has downloaded. Terraform itself uploads `.terraform/modules` to remote runs, but
 * who installs from a registry resolves them anew.
 */
const ALWAYS_LEFT_OUT = new Set(['.git', '.terraform'])
const CONFIGURATION_FILE = /(?:^|\/)[^./][^/]*\.(?:tf|tofu)(?:\.json)?$/
const IGNORE_FILE = '.terraformignore'

/**
 * Lists the files of a module, those that its `.terraformignore` leaves out excepted. A link to a file or folder inside the module
 * stands for a copy of it.
 *
 * @throws {CliError} exit code 2 for a folder that cannot be read, 1 for one that is no module or has what no archive can hold.
 */
export async function readModuleFolder(folder: string): Promise<ModuleFolder> {
  const walk = new Walk(folder, await resolveRoot(folder), await readRules(folder))
  await walk.enter('', [walk.root])
  const { files, leftOut, leftOutCount } = walk
  if (!files.some(({ path }) => CONFIGURATION_FILE.test(path))) {
    throw new CliError(`Cannot publish "${folder}": there is no .tf or .tofu file in it`, {
      hint: leftOutCount === 0 ? 'Name the folder of the module' : `Left out: ${leftOut.slice(0, 5).join(', ')}; check .terraformignore`,
    })
  }
  return { folder, files, bytes: files.reduce((sum, { size }) => sum + size, 0), leftOut, leftOutCount }
}

async function resolveRoot(folder: string): Promise<string> {
  try {
    return await realpath(folder)
  } catch (error) {
    throw unreadable(folder, error)
  }
}

function unreadable(path: string, error: unknown): CliError {
  return usageError(`Cannot read "${path}": ${describeFileError(error as NodeJS.ErrnoException)}`)
}

async function readRules(folder: string): Promise<IgnoreRules> {
  try {
    return parseIgnoreRules(await readFile(join(folder, IGNORE_FILE), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return parseIgnoreRules('')
    throw unreadable(join(folder, IGNORE_FILE), error)
  }
}

/** What stands at a path, links resolved. */
interface Place {
  readonly kind: 'file' | 'folder' | 'other'
  readonly realPath: string
  readonly size: number
  readonly executable: boolean
}

class Walk {
  readonly root: string
  readonly files: ModuleFile[] = []
  readonly leftOut: string[] = []
  leftOutCount = 0
  readonly #folder: string
  readonly #rules: IgnoreRules

  constructor(folder: string, root: string, rules: IgnoreRules) {
    this.root = root
    this.#folder = folder
    this.#rules = rules
  }

  /** Takes in what a folder holds. @param above real paths of the folder and of those it is in. */
  async enter(path: string, above: readonly [string, ...string[]]): Promise<void> {
    for (const name of await this.#list(above[0])) {
      await this.#visit(path === '' ? name : `${path}/${name}`, { name, above })
    }
  }

  async #list(real: string): Promise<string[]> {
    try {
      return (await readdir(real)).sort()
    } catch (error) {
      throw unreadable(real, error)
    }
  }

  async #visit(path: string, { name, above }: { name: string; above: readonly [string, ...string[]] }): Promise<void> {
    const place = await this.#look(join(above[0], name))
    const kind = place?.kind === 'folder' ? 'folder' : 'file'
    if (ALWAYS_LEFT_OUT.has(name) || this.#isLeftOut(path, kind)) {
      this.#leaveOut(kind === 'folder' ? `${path}/` : path)
      return
    }
    const checked = this.#check(path, place, above)
    if (kind === 'folder') await this.enter(path, [checked.realPath, ...above])
    else this.#add({ path, realPath: checked.realPath, size: checked.size, executable: checked.executable })
  }

  /** A folder is gone through when something in it may be taken back. */
  #isLeftOut(path: string, kind: 'file' | 'folder'): boolean {
    return this.#rules.leavesOut(path, kind) && !(kind === 'folder' && this.#rules.takesBack)
  }

  /** `undefined` for a link that leads nowhere. */
  async #look(path: string): Promise<Place | undefined> {
    try {
      const [realPath, found] = await Promise.all([realpath(path), stat(path)])
      const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other'
      return { kind, realPath, size: found.size, executable: (found.mode & 0o100) !== 0 }
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (['ENOENT', 'ELOOP'].includes(code)) return undefined
      throw unreadable(path, error)
    }
  }

  #check(path: string, place: Place | undefined, above: readonly string[]): Place {
    if (place === undefined) throw this.#refuse(path, 'is a link that leads nowhere')
    const { kind, realPath } = place
    if (!`${realPath}${sep}`.startsWith(this.root.endsWith(sep) ? this.root : `${this.root}${sep}`)) {
      throw this.#refuse(path, 'is a link that leads out of the folder')
    }
    if (kind === 'folder' && above.includes(realPath)) throw this.#refuse(path, 'is a link that leads back to a folder it is in')
    if (kind === 'other') throw this.#refuse(path, 'is neither a file nor a folder')
    return place
  }

  #refuse(path: string, state: string): CliError {
    return new CliError(`Cannot publish "${this.#folder}": "${path}" ${state}`, {
      hint: 'Put a copy in its place, or leave it out by a line in .terraformignore',
    })
  }

  #add(file: ModuleFile): void {
    if (this.files.length === MAX_FILES) {
      throw new CliError(`Cannot publish "${this.#folder}": there are more than ${countOf(MAX_FILES, 'file')} in it`, {
        hint: 'Name the folder of the module, or leave out what is no part of it by lines in .terraformignore',
      })
    }
    this.files.push(file)
  }

  #leaveOut(path: string): void {
    this.leftOutCount += 1
    if (this.leftOut.length < MAX_LEFT_OUT_SHOWN) this.leftOut.push(path)
  }
}
