import { type FileHandle, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Api } from '../connection/api.ts'
import { Output } from '../output/output.ts'
import { writeBundle } from './write-bundle.ts'

/** What is on the disk for good when power is lost after this sync. */
interface Sync {
  readonly of: 'folder' | 'file'
  readonly names: readonly string[]
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-bundle-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Records every sync of this process, with the names that the folder had then. */
async function recordSyncs(folder: string): Promise<Sync[]> {
  const handle = await open(folder, 'r')
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const syncs: Sync[] = []
  const { sync } = prototype
  const spy = vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    syncs.push({ of: (await this.stat()).isDirectory() ? 'folder' : 'file', names: (await readdir(folder)).sort() })
    await sync.call(this)
  })
  onTestFinished(() => spy.mockRestore())
  return syncs
}

/** A bundle with one part, which has nothing in it. */
function bundle(name: string) {
  const manifest = { name, parts: [{ number: 1, size: 1_024 }], objects: [] } as unknown as BundleManifest
  return { manifest, text: Buffer.from('the manifest'), signature: Buffer.from('the signature'), missing: [] }
}

const streams = { stdout: { write: () => true }, stderr: { write: () => true } }
const output = new Output(streams, { form: 'plain', quiet: true, verbose: false, color: false, animate: false })
const api = {} as Api

test('the manifest has its name only when all else is on the disk, and then has it for good', async () => {
  const folder = await temporaryFolder()
  const syncs = await recordSyncs(folder)
  await writeBundle({ api, output }, bundle('site'), { folder, overwrite: false })
  const [part, signature, manifest] = ['site.tfbundle.001', 'site.manifest.json.sig', 'site.manifest.json']
  expect(syncs).toEqual([
    { of: 'folder', names: [] },
    { of: 'file', names: [`${part}.partial`] },
    { of: 'folder', names: [part] },
    { of: 'file', names: [`${signature}.partial`, part] },
    { of: 'folder', names: [signature, part] },
    { of: 'file', names: [`${manifest}.partial`, signature, part].sort() },
    { of: 'folder', names: [manifest, signature, part] },
  ])
  expect(await readFile(join(folder, 'site.manifest.json'), 'utf8')).toBe('the manifest')
  expect(await readFile(join(folder, 'site.manifest.json.sig'), 'utf8')).toBe('the signature')
})

test('the manifest of a bundle that is replaced is gone for good before a part is touched', async () => {
  const folder = await temporaryFolder()
  const old = ['site.manifest.json', 'site.manifest.json.sig', 'site.tfbundle.001']
  for (const name of old) await writeFile(join(folder, name), 'old')
  const syncs = await recordSyncs(folder)
  await writeBundle({ api, output }, bundle('site'), { folder, overwrite: true })
  expect(syncs[0]).toEqual({ of: 'folder', names: ['site.manifest.json.sig', 'site.tfbundle.001'] })
})
