import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './source-files.ts'

/** Where the OpenAPI document lies in the repository. */
export const OPENAPI_FILE = 'docs/reference/openapi.json'

/** A file of the repository that is made from others. */
export interface GeneratedFile {
  /** Relative to the root. */
  readonly path: string
  readonly text: string
  /** What it is made from, for the message of a failed check. */
  readonly source: string
}

/** Writes the file, or under `--check` compares it and makes the process end with 1 when it is stale. */
export function writeOrCheck({ path, text, source }: GeneratedFile): void {
  const file = join(ROOT, path)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (existsSync(file) && readFileSync(file, 'utf8') === text) console.log(`Checked ${path}`)
  else {
    console.error(`${path} does not match ${source}: run "npm run generate"`)
    process.exitCode = 1
  }
}
