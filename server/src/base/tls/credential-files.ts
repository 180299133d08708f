import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { newId } from '../ids.ts'

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** The text of a file, or `undefined` where there is none. */
export async function findTextFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Gives the file this text in one step: a reader finds the old or the new text, whole, also after a crash. */
export async function replaceTextFile(path: string, text: string, mode: number): Promise<void> {
  await placeTextFile({ path, text, mode }, rename)
}

/** Creates the file, or leaves the one that is there. Answers whose text it holds now: of several writers at once one wins, and all know. */
export async function createTextFile(path: string, text: string, mode: number): Promise<{ text: string; created: boolean }> {
  try {
    await placeTextFile({ path, text, mode }, link)
    return { text, created: true }
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    return { text: await readFile(path, 'utf8'), created: false }
  }
}

interface TextFile {
  readonly path: string
  readonly text: string
  readonly mode: number
}

async function placeTextFile({ path, text, mode }: TextFile, place: (from: string, to: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${newId()}`
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await place(temporary, path)
    const folder = await open(dirname(path), 'r')
    await folder.sync().finally(() => folder.close())
  } finally {
    // The name is already gone after a rename.
    await rm(temporary, { force: true })
  }
}
