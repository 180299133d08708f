import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { newId } from '../ids.ts'

const SECRET_BYTES = 32
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/**
 * The random secret (32 bytes) kept in a file of its own; made when there is none. Safe when several processes start at once:
 * the first file that is complete stays, everybody reads that one. On return the file is durable.
 *
 * @throws {Error} when the file holds something else; it is never overwritten, since what it protected would be lost.
 */
export async function readOrCreateSecret(path: string): Promise<Uint8Array> {
  return (await readSecret(path)) ?? (await createSecret(path))
}

async function readSecret(path: string): Promise<Uint8Array | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const secret = Buffer.from(text.trim(), 'base64')
  if (secret.byteLength === SECRET_BYTES) return secret
  throw new Error(`Cannot read the secret file "${path}": it does not hold ${SECRET_BYTES} bytes in base64; restore it from a backup`)
}

async function createSecret(path: string): Promise<Uint8Array> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  const temporary = `${path}.${newId()}.tmp`
  try {
    await writeDurably(temporary, `${randomBytes(SECRET_BYTES).toString('base64')}\n`)
    await link(temporary, path).catch(ignoreExisting)
  } finally {
    await rm(temporary, { force: true })
  }
  await syncFolder(folder)
  const secret = await readSecret(path)
  if (secret === undefined) throw new Error(`Cannot make the secret file "${path}": it vanished while it was made`)
  return secret
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
