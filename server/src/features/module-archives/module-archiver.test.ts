import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { RegistryError } from '../../base/errors.ts'
import { tarGz } from '../../testing/module-archive-fixture.ts'
import { createModuleArchiver, type ModuleArchiver } from './module-archiver.ts'

const folder = mkdtempSync(join(tmpdir(), 'module-archiver-'))
let archiver: ModuleArchiver | undefined
afterEach(() => archiver?.close())
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

let outputs = 0
const newOutput = (): string => join(folder, `output-${outputs++}`)

const soundPath = file('sound.tar.gz', tarGz([{ name: 'README.md', content: 'hello' }]))
const hostilePath = file('hostile.tar.gz', tarGz([{ name: '../evil.tf' }]))
const slowPath = file('slow.tar.gz', tarGz([{ name: 'data', content: Buffer.alloc(60 * 1024 ** 2, 'terrace\n') }]))

describe('module archiver', () => {
  test('a sound archive is written in its canonical form', async () => {
    archiver = createModuleArchiver()
    const output = newOutput()
    const { size, entries } = await archiver.canonicalise(soundPath, output)
    expect(readFileSync(output)).toHaveLength(size)
    expect(entries).toEqual([
      { path: 'README.md', size: 5, executable: false },
      { path: 'main.tf', size: 13, executable: false },
    ])
  })

  // ux.md section 2.
  test('a refusal names the entry, its number and the rule', async () => {
    archiver = createModuleArchiver()
    const output = newOutput()
    const error = await failureOf(archiver.canonicalise(hostilePath, output))
    expect(error).toBeInstanceOf(RegistryError)
    expect(error).toMatchObject({
      code: 'INVALID_MODULE_ARCHIVE',
      status: 422,
      message: 'Entry 2 "../evil.tf": path leaves the module root',
      detail: { entry: 2, path: '../evil.tf', rule: 'path_escape' },
    })
    expect(existsSync(output)).toBe(false)
  })

  test('a refusal of the whole archive says what is wrong with it', async () => {
    archiver = createModuleArchiver()
    expect(await failureOf(archiver.canonicalise(file('text', Buffer.from('text')), newOutput()))).toMatchObject({
      message: 'Cannot accept the module archive: it is neither a ".tar.gz" nor a ".zip" file',
      hint: 'Pack the folder with "tar -czf" or "zip -r"',
      detail: { rule: 'not_an_archive' },
    })
  })

  test('limits can be set', async () => {
    archiver = createModuleArchiver({ limits: { maxEntries: 1 } })
    expect(await failureOf(archiver.canonicalise(soundPath, newOutput()))).toMatchObject({ detail: { rule: 'too_many_entries' } })
  })

  test('more requests than workers are all answered', async () => {
    archiver = createModuleArchiver({ workers: 2 })
    const running = archiver
    const digests = await Promise.all(Array.from({ length: 8 }, async () => (await running.canonicalise(soundPath, newOutput())).sha256))
    expect(new Set(digests).size).toBe(1)
  })

  test('a worker that dies fails only its own request', async () => {
    archiver = createModuleArchiver({ workers: 1 })
    const [dead, alive] = await Promise.allSettled([
      archiver.canonicalise(join(folder, 'missing'), newOutput()),
      archiver.canonicalise(soundPath, newOutput()),
    ])
    expect(dead).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_ERROR' } })
    expect(alive).toMatchObject({ status: 'fulfilled' })
  })

  test('work that takes too long is stopped and leaves nothing', async () => {
    archiver = createModuleArchiver({ workers: 1, timeoutMs: 1 })
    const output = newOutput()
    expect(await failureOf(archiver.canonicalise(slowPath, output))).toMatchObject({
      code: 'INVALID_MODULE_ARCHIVE',
      detail: { rule: 'too_slow' },
    })
    expect(readdirSync(folder).filter((name) => name.startsWith(output))).toEqual([])
  })

  test('an aborted request rejects with the reason and frees its worker', async () => {
    archiver = createModuleArchiver({ workers: 1 })
    const abort = new AbortController()
    const aborted = failureOf(archiver.canonicalise(slowPath, newOutput(), { signal: abort.signal }))
    const waiting = archiver.canonicalise(soundPath, newOutput())
    abort.abort(new Error('client left'))
    expect(await aborted).toMatchObject({ message: 'client left' })
    expect(await waiting).toMatchObject({ size: expect.any(Number) })
  })

  test('what is at the output already is left alone', async () => {
    archiver = createModuleArchiver()
    const output = file('taken', Buffer.from('taken'))
    expect(await failureOf(archiver.canonicalise(soundPath, output))).toMatchObject({ code: 'STORAGE_ERROR' })
    expect(readFileSync(output, 'utf8')).toBe('taken')
  })

  test('closing rejects what runs and what comes later', async () => {
    archiver = createModuleArchiver()
    const running = failureOf(archiver.canonicalise(slowPath, newOutput()))
    await archiver.close()
    expect(await running).toMatchObject({ message: 'The module archiver is closed' })
    expect(await failureOf(archiver.canonicalise(soundPath, newOutput()))).toMatchObject({ message: 'The module archiver is closed' })
  })
})

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('It was expected to fail')
}
