import { statfs } from 'node:fs/promises'

/** Bytes that may still be written where the folder is; `undefined` when the system does not say. */
export async function findFreeSpace(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    // A folder that is not there yet, or a file system that keeps it to itself, is no reason to fail for who only wants to know.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}
