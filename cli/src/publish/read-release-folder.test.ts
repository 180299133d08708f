import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type ReleaseFolder, writeReleaseFolder } from '../testing/release-folder.ts'
import { readReleaseFolder } from './read-release-folder.ts'

async function folderWith(release: ReleaseFolder): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'terrace-release-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  await writeReleaseFolder(join(parent, 'dist'), release)
  return join(parent, 'dist')
}

test('type, version and platforms come from the names; list, signature and manifest lie beside the zips', async () => {
  const folder = await folderWith({ files: { 'terraform-provider-widget_1.2.0_manifest.json': '{"version":1}' } })
  const release = await readReleaseFolder(folder)
  expect(release).toMatchObject({
    type: 'widget',
    version: '1.2.0',
    packages: [
      { platform: 'darwin_arm64', filename: 'terraform-provider-widget_1.2.0_darwin_arm64.zip', size: 25 },
      { platform: 'linux_amd64', filename: 'terraform-provider-widget_1.2.0_linux_amd64.zip', size: 24 },
    ],
    signature: { content: Buffer.from([0x89, 0, 0xff]) },
    manifest: { content: Buffer.from('{"version":1}') },
  })
  expect(release.shasums?.content.toString()).toContain('  terraform-provider-widget_1.2.0_linux_amd64.zip\n')
})

test('types with dashes and pre-releases are read', async () => {
  const folder = await folderWith({ type: 'google-beta', version: '2.0.0-rc.1', platforms: ['freebsd_386'] })
  expect(await readReleaseFolder(folder)).toMatchObject({
    type: 'google-beta',
    version: '2.0.0-rc.1',
    packages: [{ platform: 'freebsd_386' }],
  })
})

test('the manifest of the repository is found beside the folder', async () => {
  const folder = await folderWith({})
  await writeFile(join(folder, '../terraform-registry-manifest.json'), '{"beside":true}')
  expect((await readReleaseFolder(folder)).manifest?.content.toString()).toBe('{"beside":true}')
})

test('without list and signature the release is unsigned', async () => {
  expect(await readReleaseFolder(await folderWith({ signed: false }))).toMatchObject({ shasums: undefined, signature: undefined })
})

test('of several versions the one that metadata.json names is taken', async () => {
  const metadata = JSON.stringify({ project_name: 'terraform-provider-widget', version: '1.3.0', tag: 'v1.3.0' })
  const folder = await folderWith({ files: { 'metadata.json': metadata } })
  await writeReleaseFolder(folder, { version: '1.3.0', platforms: ['linux_arm64'] })
  expect(await readReleaseFolder(folder)).toMatchObject({ version: '1.3.0', packages: [{ platform: 'linux_arm64' }] })
})

test.each(['{"project_name":"terraform-provider-widget","version":"9.9.9"}', 'not json', 'null'])(
  'several versions are refused when metadata.json does not choose: %s',
  async (metadata) => {
    const folder = await folderWith({ files: { 'metadata.json': metadata } })
    await writeReleaseFolder(folder, { version: '1.3.0', platforms: ['linux_arm64'] })
    await expect(readReleaseFolder(folder)).rejects.toThrow('it holds several versions: widget 1.2.0, widget 1.3.0')
  },
)

test('a zip that the list does not name is found before anything is sent', async () => {
  const folder = await folderWith({ files: { 'terraform-provider-widget_1.2.0_windows_amd64.zip': 'later' } })
  await expect(readReleaseFolder(folder)).rejects.toThrow('SHA256SUMS has no line for terraform-provider-widget_1.2.0_windows_amd64.zip')
})

test('a signature without its list is refused', async () => {
  const folder = await folderWith({ signed: false, files: { 'terraform-provider-widget_1.2.0_SHA256SUMS.sig': 'x' } })
  await expect(readReleaseFolder(folder)).rejects.toThrow('there is a signature, but no SHA256SUMS that it belongs to')
})

test('a folder without packages, and what is no folder, are told apart', async () => {
  const folder = await folderWith({ platforms: [] })
  await expect(readReleaseFolder(folder)).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('there is no terraform-provider-'),
  })
  await expect(readReleaseFolder(join(folder, 'gone'))).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('there is no such file'),
  })
  await expect(readReleaseFolder(join(folder, 'artifacts.json'))).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('it is no folder'),
  })
})
