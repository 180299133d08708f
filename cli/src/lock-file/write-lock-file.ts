import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from '../cli-error.ts'
import { describeFileError } from '../input/read-input.ts'
import { LOCK_FILE } from './read-configuration-folder.ts'

/** Puts the lock file in its place, whole or not at all. @throws {CliError} when it cannot be written. */
export async function writeLockFile(folder: string, text: string): Promise<void> {
  const path = join(folder, LOCK_FILE)
  const partial = `${path}.partial`
  try {
    await writeFile(partial, text)
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw cannotWrite(path, error as NodeJS.ErrnoException)
  }
}

function cannotWrite(path: string, cause: NodeJS.ErrnoException): CliError {
  return new CliError(`Cannot write "${path}": ${describeFileError(cause)}`, { cause })
}
