import { createHash, randomBytes } from 'node:crypto'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ObjectStore, PutOutcome } from './object-store.ts'

/** A store under test, empty, and what to do with it afterwards. */
export interface ContractSubject {
  readonly store: ObjectStore
  dispose(): Promise<void>
}

const KEY = 'providers/_self/acme/widget/1.0.0+build~x/linux_amd64/terraform-provider-widget_1.0.0.zip'
const NO_LIMIT = { maxBytes: 1 << 30 }

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function* chunks(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part)
}

async function* failing(part: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(part)
  throw new Error('the sender went away')
}

/** What every driver promises. Call it at the top level of a test file; `make` is called before each test. */
export function objectStoreContract(name: string, make: () => Promise<ContractSubject>): void {
  let subject: ContractSubject
  let store: ObjectStore

  beforeEach(async () => {
    subject = await make()
    store = subject.store
  })
  afterEach(() => subject.dispose())

  const put = (key: string, text: string) => store.put(key, chunks(text), NO_LIMIT)
  const read = async (key: string) => {
    const found = await store.get(key)
    return found === undefined ? undefined : (await buffer(found.body)).toString()
  }
  const keys = async (prefix = '') => {
    const found: string[] = []
    for await (const head of store.list(prefix)) found.push(head.key)
    return found
  }

  describe(`put to the ${name} store`, () => {
    test('returns size and SHA-256 of the bytes, which can be read back', async () => {
      const outcome = await store.put(KEY, chunks('hello ', '', 'world'), NO_LIMIT)
      expect(outcome).toEqual({ created: true, object: { key: KEY, size: 11, sha256: sha256(Buffer.from('hello world')) } })
      expect(await read(KEY)).toBe('hello world')
    })

    test('keeps an object without bytes', async () => {
      const outcome = await store.put(KEY, chunks(), NO_LIMIT)
      expect(outcome).toMatchObject({ created: true, object: { size: 0, sha256: sha256(Buffer.alloc(0)) } })
      expect(await read(KEY)).toBe('')
    })

    test('keeps many megabytes unchanged', async () => {
      const bytes = randomBytes(5_000_001)
      await store.put(KEY, Readable.from([bytes.subarray(0, 3_000_000), bytes.subarray(3_000_000)]), NO_LIMIT)
      const found = await store.get(KEY)
      expect(found && sha256(await buffer(found.body))).toBe(sha256(bytes))
    })

    test('never replaces an object', async () => {
      await put(KEY, 'first')
      expect(await put(KEY, 'second')).toEqual({ created: false })
      expect(await read(KEY)).toBe('first')
    })

    test('releases the body when the key exists', async () => {
      await put(KEY, 'first')
      const body = Readable.from([Buffer.from('second')])
      await store.put(KEY, body, NO_LIMIT)
      expect(body.destroyed || body.readableEnded).toBe(true)
    })

    // reliability.md row 39: create-only must hold under a race, not only one after the other.
    test('has one winner among twenty writers of one key', async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, writer) => put(KEY, `body of ${writer}`)))
      const winners = outcomes.flatMap((outcome: PutOutcome) => (outcome.created ? [outcome.object.sha256] : []))
      expect(winners).toHaveLength(1)
      expect(sha256(Buffer.from((await read(KEY)) ?? ''))).toBe(winners[0])
    })

    test('accepts a body with the expected SHA-256', async () => {
      const outcome = await store.put(KEY, chunks('x'), { ...NO_LIMIT, sha256: sha256(Buffer.from('x')) })
      expect(outcome.created).toBe(true)
    })

    test('refuses a body with another SHA-256 and leaves nothing', async () => {
      const refused = store.put(KEY, chunks('x'), { ...NO_LIMIT, sha256: sha256(Buffer.from('y')) })
      await expect(refused).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
      expect(await keys()).toEqual([])
    })

    test('accepts a body of exactly the size limit', async () => {
      expect((await store.put(KEY, chunks('1234', '5678'), { maxBytes: 8 })).created).toBe(true)
    })

    test('refuses a body one byte above the size limit and leaves nothing', async () => {
      await expect(store.put(KEY, chunks('1234', '56789'), { maxBytes: 8 })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
      expect(await keys()).toEqual([])
    })

    test('passes on the failure of the body, leaves nothing and takes the key again', async () => {
      await expect(store.put(KEY, failing('half'), NO_LIMIT)).rejects.toThrow('the sender went away')
      expect(await keys()).toEqual([])
      expect((await put(KEY, 'whole')).created).toBe(true)
    })

    test.each(['', '/a', 'a/', 'a//b', '..', 'a/../b', './a', '.tmp/a', 'a/.hidden', 'a\\b', 'a b', 'a\0b', 'ä', 'C:/a', 'a?b', 'a%2fb'])(
      'refuses %j as a key',
      async (key) => {
        await expect(put(key, 'x')).rejects.toThrow(TypeError)
        await expect(store.get(key)).rejects.toThrow(TypeError)
        await expect(store.head(key)).rejects.toThrow(TypeError)
        await expect(store.delete(key)).rejects.toThrow(TypeError)
        await expect(store.signUrl(key, 60)).rejects.toThrow(TypeError)
      },
    )

    test('takes keys of 1024 characters and refuses longer ones', async () => {
      const long = `${'a'.repeat(200)}/`.repeat(5) + 'b'.repeat(19)
      expect((await put(long, 'x')).created).toBe(true)
      await expect(put(`${long}b`, 'x')).rejects.toThrow(TypeError)
    })
  })

  describe(`putFile to the ${name} store`, () => {
    let folder: string
    let path: string
    const content = Buffer.from('a finished package')
    const file = { sha256: sha256(content), size: content.byteLength }
    const exists = (name: string) =>
      access(name).then(
        () => true,
        () => false,
      )

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'terrace-contract-'))
      path = join(folder, 'package.zip')
      await writeFile(path, content)
    })
    afterEach(() => rm(folder, { recursive: true }))

    test('stores the bytes of the file', async () => {
      expect(await store.putFile(KEY, path, file)).toEqual({ created: true, object: { key: KEY, ...file } })
      expect(await read(KEY)).toBe(content.toString())
    })

    test('leaves the object and the file alone when the key exists', async () => {
      await put(KEY, 'first')
      expect(await store.putFile(KEY, path, file)).toEqual({ created: false })
      expect(await exists(path)).toBe(true)
      expect(await read(KEY)).toBe('first')
    })

    test('refuses a file of another size and leaves nothing', async () => {
      await expect(store.putFile(KEY, path, { ...file, size: file.size + 1 })).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
      expect(await keys()).toEqual([])
    })
  })

  describe(`get from the ${name} store`, () => {
    const range = async (start: number, end: number) => {
      const found = await store.get(KEY, { start, end })
      return found && { size: found.head.size, text: (await buffer(found.body)).toString() }
    }

    test('has no object under an unknown key', async () => {
      expect(await store.get('providers/unknown')).toBeUndefined()
    })

    test('has no object under the folder of one', async () => {
      await put('a/b', 'x')
      expect(await store.get('a')).toBeUndefined()
      expect(await store.head('a')).toBeUndefined()
    })

    test.each([
      [0, 0, '0'],
      [3, 5, '345'],
      [9, 9, '9'],
      [0, 9, '0123456789'],
      [8, 4000, '89'],
    ])('returns the bytes from %i to %i with the head of the whole object', async (start, end, text) => {
      await put(KEY, '0123456789')
      expect(await range(start, end)).toEqual({ size: 10, text })
    })

    test.each([
      [10, 10],
      [5, 4],
      [-1, 3],
    ])('refuses the range from %i to %i of ten bytes', async (start, end) => {
      await put(KEY, '0123456789')
      await expect(range(start, end)).rejects.toThrow(RangeError)
    })

    test('lets a reader stop in the middle', async () => {
      await put(KEY, 'x'.repeat(1_000_000))
      const found = await store.get(KEY)
      found?.body.destroy()
      expect(found?.body.destroyed).toBe(true)
      expect(await store.delete(KEY)).toBe(true)
    })
  })

  describe(`head, delete and list of the ${name} store`, () => {
    test('a head tells the size, a time and a fingerprint that stays', async () => {
      await put(KEY, 'hello')
      const head = await store.head(KEY)
      expect(head).toMatchObject({ key: KEY, size: 5 })
      expect(head?.modifiedAtMs).toBeGreaterThan(1_600_000_000_000)
      const found = await store.get(KEY)
      found?.body.destroy()
      expect(found?.head.fingerprint).toBe(head?.fingerprint)
    })

    test('the fingerprint differs when the object was deleted and stored again', async () => {
      await put(KEY, 'hello')
      const before = await store.head(KEY)
      await store.delete(KEY)
      await put(KEY, 'hullo')
      expect((await store.head(KEY))?.fingerprint).not.toBe(before?.fingerprint)
    })

    test('delete says whether there was an object', async () => {
      await put(KEY, 'hello')
      expect(await store.delete(KEY)).toBe(true)
      expect(await store.delete(KEY)).toBe(false)
      expect(await store.head(KEY)).toBeUndefined()
    })

    test('delete does not take the folder of an object for an object', async () => {
      await put('a/b', 'x')
      expect(await store.delete('a')).toBe(false)
      expect(await read('a/b')).toBe('x')
    })

    test('list is in byte order of the keys and begins with the prefix', async () => {
      for (const key of ['a/b', 'a-b', 'a0', 'B/x', 'a/b-c/d', 'ab/c', 'a/b-c.d']) await put(key, 'x')
      expect(await keys()).toEqual(['B/x', 'a-b', 'a/b', 'a/b-c.d', 'a/b-c/d', 'a0', 'ab/c'])
      expect(await keys('a/b')).toEqual(['a/b', 'a/b-c.d', 'a/b-c/d'])
      expect(await keys('a/b-c/')).toEqual(['a/b-c/d'])
      expect(await keys('none/')).toEqual([])
    })
  })

  describe(`upkeep of the ${name} store`, () => {
    test('a signed URL names the object and differs by life', async () => {
      const url = await store.signUrl(KEY, 60)
      expect(url).toContain('terraform-provider-widget_1.0.0.zip')
      expect(await store.signUrl(KEY, 600)).not.toBe(url)
    })

    test('the check passes and leaves nothing', async () => {
      await store.check()
      expect(await keys()).toEqual([])
    })

    test('sweeping takes no object', async () => {
      await put(KEY, 'hello')
      await store.sweepTemporary(0)
      expect(await read(KEY)).toBe('hello')
    })
  })
}
