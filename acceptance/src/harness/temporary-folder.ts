import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new, empty folder that goes away with its owner. */
export interface TemporaryFolder extends Disposable {
  readonly path: string
  /** Removes it with all that is in it. */
  remove(): void
}

/** Makes the folder below the system's folder for temporary files; `KEEP=1` leaves it there for a look. */
export function makeTemporaryFolder(label: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `terrace-${label}-`))
  const remove = (): void => {
    if (process.env.KEEP === undefined) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  }
  return { path, remove, [Symbol.dispose]: remove }
}
