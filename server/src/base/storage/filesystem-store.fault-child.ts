import { createHash } from 'node:crypto'
import { type FileHandle, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { systemClock } from '../clock.ts'
import { RegistryError } from '../errors.ts'
import { createFilesystemStore } from './filesystem-store.ts'
import { createLinkSigner } from './link-signer.ts'

/*
 * Run by `filesystem-store.faults.test.ts`: ROOT SIZE put|putFile|exhaust. Stores an object of SIZE bytes, looks which files
 * there are, then stores a small object, and prints all that as JSON. `exhaust` has no file descriptor left for the first.
 */

const [root = '', sizeText = '0', mode = 'put'] = process.argv.slice(2)
const store = createFilesystemStore({ root, signer: createLinkSigner({ key: new Uint8Array(32), clock: systemClock }) })

async function openUntilRefused(): Promise<FileHandle[]> {
  const handles: FileHandle[] = []
  for (;;) {
    const handle = await open('/dev/null').catch(() => undefined)
    if (handle === undefined) return handles
    handles.push(handle)
  }
}

async function putFile(key: string, content: Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-fault-child-'))
  try {
    const path = join(folder, 'file')
    await writeFile(path, content)
    return await store.putFile(key, path, { size: content.byteLength, sha256: createHash('sha256').update(content).digest('hex') })
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function attempt(key: string, size: number): Promise<object> {
  const content = Buffer.alloc(size, 'x')
  try {
    const work = mode === 'putFile' ? putFile(key, content) : store.put(key, Readable.from([content]), { maxBytes: 1 << 30 })
    const { created } = await work
    return { created, size: (await store.head(key))?.size }
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    return { code: error.code, message: error.message, hint: error.hint }
  }
}

async function listFiles(): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

const handles = mode === 'exhaust' ? await openUntilRefused() : []
const first = await attempt('faults/first.zip', Number(sizeText))
for (const handle of handles) await handle.close()
const files = await listFiles()
process.stdout.write(JSON.stringify({ first, files, second: await attempt('faults/second.zip', 1) }))
