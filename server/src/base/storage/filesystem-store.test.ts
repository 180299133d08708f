import { createHash } from 'node:crypto'
import { chmod, copyFile, link, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { createFilesystemStore, type FilesystemStore } from './filesystem-store.ts'
import { createLinkSigner } from './link-signer.ts'
import { objectStoreContract } from './object-store.contract.ts'

const signer = createLinkSigner({ key: new Uint8Array(32), clock: systemClock })
const NO_LIMIT = { maxBytes: 1 << 30 }
const KEY = 'providers/example.com/acme/widget/1.0.0/linux_amd64/widget.zip'

async function makeStore() {
  const root = await mkdtemp(join(tmpdir(), 'terrace-store-'))
  return { root, store: createFilesystemStore({ root, signer }), dispose: () => rm(root, { recursive: true }) }
}

objectStoreContract('filesystem', makeStore)

describe('filesystem store', () => {
  let root: string
  let store: FilesystemStore
  let dispose: () => Promise<void>

  beforeEach(async () => {
    const made = await makeStore()
    root = made.root
    store = made.store
    dispose = made.dispose
  })
  afterEach(() => dispose())

  const put = (key: string, text: string) => store.put(key, Readable.from([Buffer.from(text)]), NO_LIMIT)
  const leftovers = () => readdir(store.temporaryFolder)

  // requirements.md STO-20
  test('folders are 0750 and files 0640', async () => {
    await put(KEY, 'x')
    const mode = async (path: string) => ((await stat(join(root, path))).mode & 0o777).toString(8)
    expect(await mode(KEY)).toBe('640')
    expect(await mode('providers')).toBe('750')
    expect(await mode('providers/example.com/acme/widget/1.0.0/linux_amd64')).toBe('750')
    expect(await mode('.tmp')).toBe('750')
  })

  test('a finished put leaves no temporary file', async () => {
    await put(KEY, 'x')
    expect(await leftovers()).toEqual([])
  })

  test('a refused put leaves no temporary file', async () => {
    await expect(store.put(KEY, Readable.from([Buffer.from('xx')]), { maxBytes: 1 })).rejects.toThrow()
    expect(await leftovers()).toEqual([])
  })

  test('nothing has the final name while the body is still coming', async () => {
    const body = Readable.from([Buffer.from('first')]).pause()
    const slow = (async function* () {
      yield* body
      expect(await store.head(KEY)).toBeUndefined()
      expect(await leftovers()).toHaveLength(1)
      yield Buffer.from('second')
    })()
    expect((await store.put(KEY, slow, NO_LIMIT)).created).toBe(true)
  })

  describe('putFile', () => {
    const content = Buffer.from('package')
    const file = { size: content.byteLength, sha256: createHash('sha256').update(content).digest('hex') }

    test('moves the file, so no second copy is written', async () => {
      const path = join(store.temporaryFolder, 'finished')
      await writeFile(path, content)
      const { ino } = await stat(path)
      await store.putFile(KEY, path, file)
      expect((await stat(join(root, KEY))).ino).toBe(ino)
      expect(await leftovers()).toEqual([])
    })

    test('gives the file the mode of an object', async () => {
      const path = join(store.temporaryFolder, 'finished')
      await writeFile(path, content)
      await chmod(path, 0o777)
      await store.putFile(KEY, path, file)
      expect((await stat(join(root, KEY))).mode & 0o777).toBe(0o640)
    })

    test('refuses a symbolic link in place of the file', async () => {
      const path = join(store.temporaryFolder, 'link')
      await symlink('/etc/hostname', path)
      await expect(store.putFile(KEY, path, file)).rejects.toMatchObject({ code: 'STORAGE_ERROR' })
      expect(await store.head(KEY)).toBeUndefined()
    })
  })

  test('a symbolic link below the root is not an object', async () => {
    await mkdir(join(root, 'a'))
    await symlink('/etc/hostname', join(root, 'a/b'))
    expect(await store.get('a/b')).toBeUndefined()
    expect(await store.head('a/b')).toBeUndefined()
    expect(await store.delete('a/b')).toBe(false)
    for await (const head of store.list('')) expect.unreachable(`lists ${head.key}`)
  })

  test('a key that is the folder of another one is refused', async () => {
    await put('a/b', 'x')
    await expect(put('a', 'x')).rejects.toThrow(TypeError)
    expect(await leftovers()).toEqual([])
  })

  // A changed byte must be noticed even when the tool that changed it puts the old time back.
  test('the fingerprint changes with the bytes although the modification time is restored', async () => {
    await put(KEY, 'right')
    await utimes(join(root, KEY), 1_600_000_000, 1_600_000_000)
    const before = await store.head(KEY)
    await writeFile(join(root, KEY), 'wrong')
    await utimes(join(root, KEY), 1_600_000_000, 1_600_000_000)
    expect((await store.head(KEY))?.modifiedAtMs).toBe(before?.modifiedAtMs)
    expect((await store.head(KEY))?.fingerprint).not.toBe(before?.fingerprint)
  })

  test('an open reader survives the deletion of its object', async () => {
    await put(KEY, '0123456789')
    const reader = await store.open(KEY)
    await store.delete(KEY)
    const bytes = Buffer.alloc(4)
    expect(await reader?.read(bytes, 3)).toBe(4)
    expect(bytes.toString()).toBe('3456')
    expect(await reader?.read(bytes, 8)).toBe(2)
    expect(await reader?.read(bytes, 10)).toBe(0)
    await reader?.close()
  })

  describe('the SHA-256 of what was written', () => {
    const sha256 = createHash('sha256').update('right').digest('hex')
    const known = async (from: FilesystemStore = store) => {
      const reader = await from.open(KEY)
      await reader?.close()
      return reader?.writtenSha256
    }

    test('is known after a put and after a putFile', async () => {
      await put(KEY, 'right')
      expect(await known()).toBe(sha256)
      await store.delete(KEY)
      const path = join(store.temporaryFolder, 'finished')
      await writeFile(path, 'right')
      await store.putFile(KEY, path, { size: 5, sha256 })
      expect(await known()).toBe(sha256)
    })

    test('is not known to another process', async () => {
      await put(KEY, 'right')
      expect(await known(createFilesystemStore({ root, signer }))).toBeUndefined()
    })

    test.each([
      ['changed', (path: string) => writeFile(path, 'not right')],
      ['touched', (path: string) => utimes(path, 1_600_000_000, 1_600_000_000)],
      ['replaced by a file of the same content', (path: string) => copyFile(path, `${path}.copy`).then(() => rename(`${path}.copy`, path))],
    ])('is not known of a file that was %s', async (_name, change) => {
      await put(KEY, 'right')
      await change(join(root, KEY))
      expect(await known()).toBeUndefined()
    })

    test('is not taken from a put that found another object', async () => {
      await put(KEY, 'right')
      await writeFile(join(root, KEY), 'not right')
      expect((await put(KEY, 'right')).created).toBe(false)
      expect(await known()).toBeUndefined()
    })
  })

  test('signs the path below which this server serves files', async () => {
    const url = new URL(await store.signUrl(KEY, 60), 'http://localhost')
    expect(url.pathname).toBe(`/files/${KEY}`)
    expect(signer.verify(url.pathname, Object.fromEntries(url.searchParams))).toBe('valid')
  })

  describe('sweepTemporary', () => {
    const age = async (path: string, seconds: number) => {
      const then = (await stat(path)).mtimeMs / 1000 - seconds
      await utimes(path, then, then)
    }

    test('removes what is older and keeps what is younger', async () => {
      const old = join(store.temporaryFolder, 'old')
      await writeFile(old, 'half of a package')
      await age(old, 3600)
      await writeFile(join(store.temporaryFolder, 'young'), 'still coming')
      expect(await store.sweepTemporary(1_800_000)).toBe(1)
      expect(await leftovers()).toEqual(['young'])
    })

    // The state after a kill between the link and the removal of the temporary name.
    test('removing a left-over second name does not touch the object', async () => {
      await put(KEY, 'x')
      const second = join(store.temporaryFolder, 'second')
      await link(join(root, KEY), second)
      await age(second, 3600)
      expect(await store.sweepTemporary(60_000)).toBe(1)
      expect(await readFile(join(root, KEY), 'utf8')).toBe('x')
    })

    test('works when the folder is gone', async () => {
      await rm(store.temporaryFolder, { recursive: true })
      expect(await store.sweepTemporary(0)).toBe(0)
      expect((await put(KEY, 'x')).created).toBe(true)
    })
  })
})
