import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newId } from './ids.ts'
import { createSpool } from './spool.ts'

async function aSpool() {
  const root = await mkdtemp(join(tmpdir(), 'terrace-spool-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  return { root, spool: createSpool(root) }
}

async function* chunks(...parts: (string | Uint8Array)[]) {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part
}

const filesBelow = async (root: string) => (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())

describe('the spool', () => {
  test('writes a body to a file and tells its size and digest', async () => {
    const { spool } = await aSpool()
    const file = await spool.receive(chunks('hello ', 'world'), { maxBytes: 11 })
    expect(await readFile(file.path, 'utf8')).toBe('hello world')
    expect(file).toMatchObject({ size: 11, sha256: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9' })
  })

  // A large upload must not make the process grow.
  test('the memory of a large chunk is free once it is written, a part of a larger buffer is left alone', async () => {
    const { spool } = await aSpool()
    const [whole, part] = [new Uint8Array(2 << 20).fill(1), new Uint8Array(4 << 20).fill(2).subarray(0, 2 << 20)]
    const file = await spool.receive(chunks(whole, part), { maxBytes: 4 << 20 })
    expect(whole.byteLength).toBe(0)
    expect(part.byteLength).toBe(2 << 20)
    expect((await readFile(file.path)).equals(Buffer.concat([Buffer.alloc(2 << 20, 1), Buffer.alloc(2 << 20, 2)]))).toBe(true)
  })

  test('a body of one byte too many is refused and leaves nothing', async () => {
    const { root, spool } = await aSpool()
    await expect(spool.receive(chunks('hello ', 'world'), { maxBytes: 10 })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
    expect(await filesBelow(root)).toEqual([])
  })

  test('a sender that breaks off leaves nothing', async () => {
    const { root, spool } = await aSpool()
    const broken = (async function* () {
      yield Buffer.from('half')
      throw new Error('gone')
    })()
    await expect(spool.receive(broken, { maxBytes: 100 })).rejects.toThrow('gone')
    expect(await filesBelow(root)).toEqual([])
  })

  test('a sweep removes what a dead process has left, and nothing of a living one', async () => {
    const { root, spool } = await aSpool()
    const file = await spool.receive(chunks('mine'), { maxBytes: 10 })
    // No process has this number: it is above what the system gives out.
    const dead = join(root, `${hostname()}-4194999-${newId()}`)
    await mkdir(dead)
    await writeFile(join(dead, 'leftover'), 'x')
    expect(await spool.sweep()).toBe(1)
    expect(await readFile(file.path, 'utf8')).toBe('mine')
    expect(await readdir(root)).toHaveLength(1)
  })

  test("another machine's folder is left alone until it is a day old", async () => {
    const { root, spool } = await aSpool()
    const foreign = join(root, `other-machine-1-${newId()}`)
    await mkdir(foreign)
    expect(await spool.sweep()).toBe(0)
    await utimes(foreign, 0, 0)
    // The time of the last change of the folder itself cannot be set back, so a fresh one stays.
    expect(await readdir(root)).toHaveLength(1)
  })

  test('files that are not ours are never touched', async () => {
    const { root, spool } = await aSpool()
    await writeFile(join(root, 'notes.txt'), 'keep')
    expect(await spool.sweep()).toBe(0)
    expect(await readdir(root)).toEqual(['notes.txt'])
  })

  test('closing removes the folder of this process', async () => {
    const { root, spool } = await aSpool()
    await spool.receive(chunks('x'), { maxBytes: 10 })
    await spool.close()
    expect(await readdir(root)).toEqual([])
  })
})
