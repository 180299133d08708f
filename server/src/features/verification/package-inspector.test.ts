import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { RegistryError } from '../../base/errors.ts'
import { buildProviderZip, buildZip } from '../../testing/zip-writer.ts'
import { createPackageInspector, type PackageInspector } from './package-inspector.ts'

const folder = mkdtempSync(join(tmpdir(), 'package-inspector-'))
let inspector: PackageInspector | undefined
afterEach(() => inspector?.close())
afterAll(() => rmSync(folder, { recursive: true }))

const OPTIONS = { type: 'widget', strict: true }

function packageFile(name: string, zip: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, zip)
  return path
}

const soundPath = packageFile('sound.zip', buildProviderZip({ type: 'widget', version: '1.0.0' }))
const binary = { name: 'terraform-provider-widget_v1.0.0', content: 'x' }
const brokenPath = packageFile('broken.zip', buildZip([binary, { name: 'a/' }, { name: 'b/' }]))
const bigPath = packageFile('big.zip', buildZip([{ ...binary, content: Buffer.alloc(160 * 1024 ** 2, 'terrace\n') }]))

describe('package inspector', () => {
  test('a sound package gives its facts', async () => {
    inspector = createPackageInspector()
    expect(await inspector.inspect(soundPath, OPTIONS)).toMatchObject({
      binaryName: 'terraform-provider-widget_v1.0.0',
      entries: 2,
      problems: [],
    })
  })

  test('a refused package names the file, the entry and every broken rule', async () => {
    inspector = createPackageInspector()
    const error = await failureOf(inspector.inspect(brokenPath, { ...OPTIONS, filename: 'widget.zip' }))
    expect(error).toBeInstanceOf(RegistryError)
    expect(error).toMatchObject({
      code: 'INVALID_PACKAGE',
      message: 'Cannot accept the package "widget.zip": the entry "a/" is a folder entry',
      detail: {
        problems: [
          { rule: 'folder_entry', entry: 'a/' },
          { rule: 'folder_entry', entry: 'b/' },
        ],
      },
    })
  })

  test('limits can be set', async () => {
    inspector = createPackageInspector({ maxEntries: 1 })
    expect(await failureOf(inspector.inspect(soundPath, OPTIONS))).toMatchObject({ detail: { problems: [{ rule: 'too_many_entries' }] } })
  })

  test('more requests than workers are all answered', async () => {
    inspector = createPackageInspector({ workers: 2 })
    const running = inspector
    const sizes = await Promise.all(Array.from({ length: 12 }, async () => (await running.inspect(soundPath, OPTIONS)).entries))
    expect(sizes).toEqual(Array(12).fill(2))
  })

  // A missing file is no fault of the package: the worker dies of it, as it would of a defect.
  test('a worker that dies fails only its own request', async () => {
    inspector = createPackageInspector({ workers: 1 })
    const [dead, alive] = await Promise.allSettled([
      inspector.inspect(join(folder, 'missing.zip'), OPTIONS),
      inspector.inspect(soundPath, OPTIONS),
    ])
    expect(dead).toMatchObject({ status: 'rejected', reason: { code: 'ENOENT' } })
    expect(alive).toMatchObject({ status: 'fulfilled', value: { entries: 2 } })
  })

  test('an aborted request rejects with the reason and frees its worker', async () => {
    inspector = createPackageInspector({ workers: 1 })
    const abort = new AbortController()
    const aborted = failureOf(inspector.inspect(bigPath, OPTIONS, abort.signal))
    const waiting = inspector.inspect(soundPath, OPTIONS)
    abort.abort(new Error('lease lost'))
    expect(await aborted).toMatchObject({ message: 'lease lost' })
    expect(await waiting).toMatchObject({ entries: 2 })
  })

  test('a request that waits can be aborted', async () => {
    inspector = createPackageInspector({ workers: 1 })
    const abort = new AbortController()
    const running = inspector.inspect(soundPath, OPTIONS)
    const waiting = failureOf(inspector.inspect(soundPath, OPTIONS, abort.signal))
    abort.abort(new Error('client left'))
    expect(await waiting).toMatchObject({ message: 'client left' })
    expect(await running).toMatchObject({ entries: 2 })
  })

  test('closing rejects what runs and what comes later', async () => {
    inspector = createPackageInspector()
    const running = failureOf(inspector.inspect(bigPath, OPTIONS))
    await inspector.close()
    expect(await running).toMatchObject({ message: 'The package inspector is closed' })
    expect(await failureOf(inspector.inspect(soundPath, OPTIONS))).toMatchObject({ message: 'The package inspector is closed' })
  })

  // reliability.md P9: memory does not grow with the package. Measured in a process of its own, away from what tests leave behind.
  test('inspecting 160 MB grows the process by less than 32 MB', async () => {
    const deflatedPath = packageFile('deflated.zip', buildZip([{ ...binary, content: noise(160 * 1024 ** 2), method: 'deflated' }]))
    const script = `
      const { createPackageInspector } = await import(process.argv[1])
      const [small, ...packages] = process.argv.slice(2)
      const inspector = createPackageInspector({ workers: 1 })
      const options = { type: 'widget', strict: true }
      await inspector.inspect(small, options)
      const before = process.memoryUsage.rss()
      let peak = before
      setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5).unref()
      for (const path of packages) await inspector.inspect(path, options)
      console.log(peak - before)
      await inspector.close()`
    const module = new URL('./package-inspector.ts', import.meta.url).href
    const args = ['--input-type=module', '-e', script, module, soundPath, bigPath, deflatedPath]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(Number(stdout)).toBeGreaterThan(0)
    expect(Number(stdout)).toBeLessThan(32 * 1024 ** 2)
  })
})

/** Deflate makes about a tenth of it: 8 KiB that do not compress, again and again. */
function noise(bytes: number): Buffer {
  return Buffer.alloc(bytes, buildProviderZip({ type: 'noise', version: '1.0.0', sizeBytes: 8192 }).subarray(0, 8192))
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('It was expected to fail')
}
