import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeModules, type FakeModuleVersion, startFakeModules } from '../../testing/fake-modules.ts'
import { type GitServer, hasGit, startGitServer } from '../../testing/git-server.ts'
import { ORIGIN } from '../../testing/mirror-jobs.ts'
import { listCanonical } from '../../testing/module-archive-fixture.ts'
import { type ModulesApp, modulesApp } from '../../testing/modules-on-demand.ts'
import { buildZip } from '../../testing/zip-writer.ts'

let upstream: FakeModules
let names = 0

beforeAll(async () => {
  upstream = await startFakeModules()
})

afterAll(() => upstream.close())

/** A module of its own for each test. */
function addModule(versions: Readonly<Record<string, FakeModuleVersion>> = { '1.0.0': {} }): string {
  names += 1
  const name = `Space-${names}/net/aws`
  upstream.add(name, versions)
  upstream.requests.length = 0
  return name
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const filesOf = (archive: Buffer) => Object.fromEntries(listCanonical(archive).map(({ path, content }) => [path, content]))

/** Changes the stored archive, and waits until that is noticed. */
async function damageArchive(app: ModulesApp, name: string): Promise<void> {
  await writeFile(join(app.place.folder, 'data', 'storage', 'upstream-modules', ORIGIN, name.toLowerCase(), '1.0.0.tar.gz'), 'rotten')
  await expect(app.install(name)).rejects.toThrow()
  // It is marked behind the answer.
  const list = async () => (await app.asAdmin({ url: '/api/v1/admin/upstream-modules' })).json<{ items: { damaged: boolean }[] }>()
  await vi.waitFor(async () => expect((await list()).items).toMatchObject([{ damaged: true }]), { timeout: 10_000, interval: 20 })
}

describe.each(DIALECTS)('modules of an upstream on %s', (dialect) => {
  test('what is held nowhere is listed, fetched with the first download, and never asked for again', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule({ '1.0.0': {}, '1.1.0': {}, '2.0.0-rc.1': {} })
    expect(await app.versions(name)).toEqual({ status: 200, stale: 0, versions: ['2.0.0-rc.1', '1.1.0', '1.0.0'] })
    const first = await app.install(name, '1.1.0')
    expect(filesOf(first)).toEqual({ 'main.tf': '# 1.1.0\n' })

    upstream.add(name, { '1.1.0': { files: { 'main.tf': '# changed\n' } } })
    upstream.requests.length = 0
    expect(sha256(await app.install(name, '1.1.0'))).toBe(sha256(first))
    upstream.remove(name, '1.1.0')
    expect(sha256(await app.install(name.toLowerCase(), '1.1.0'))).toBe(sha256(first))
    expect(upstream.requests).toEqual([])
  })

  // protocol.md 2.3, 2.4: one element, and 204 with the header, which every client understands.
  test('the documents are those of the protocol, and an archive without its link is refused', async () => {
    const app = await modulesApp(dialect, upstream)
    upstream.add('raw/net/aws', { '1.0.0': {} })
    const list = await app.request(`/v1/upstream/${ORIGIN}/modules/raw/net/aws/versions`)
    expect(list.json()).toEqual({ modules: [{ source: 'raw/net/aws', versions: [{ version: '1.0.0' }] }] })
    const download = await app.request(`/v1/upstream/${ORIGIN}/modules/raw/net/aws/1.0.0/download`)
    expect([download.statusCode, download.body]).toEqual([204, ''])
    expect(download.headers['x-terraform-get']).toMatch(
      /\/files\/upstream-modules\/registry\.example\.com\/raw\/net\/aws\/1\.0\.0\.tar\.gz\?/,
    )
    const archive = await app.request(`/v1/upstream/${ORIGIN}/modules/raw/net/aws/1.0.0/archive.tar.gz`)
    expect([archive.statusCode, archive.body]).toEqual([403, expect.stringContaining('not signed')])
  })

  test('a folder of the archive stays in the address, and everything around it in the archive', async () => {
    const app = await modulesApp(dialect, upstream)
    const files = { 'net-1.0/main.tf': '# root\n', 'net-1.0/modules/a/main.tf': '# a\n' }
    const name = addModule({ '1.0.0': { files, location: 'ARCHIVE//net-1.0/modules/a?archive=tar.gz' } })
    const { location } = await app.download(name)
    expect(location).toMatch(/\/1\.0\.0\.tar\.gz\/\/net-1\.0\/modules\/a\?expires=/)
    expect(filesOf(await app.install(name))).toEqual(files)
  })

  test('a zip with its checksum is stored in the canonical form', async () => {
    const app = await modulesApp(dialect, upstream)
    const zip = buildZip([{ name: 'main.tf', content: '# zip\n' }])
    const name = addModule({ '1.0.0': { archive: zip, location: `ARCHIVE?archive=zip&checksum=sha256:${sha256(zip)}` } })
    expect(filesOf(await app.install(name))).toEqual({ 'main.tf': '# zip\n' })
  })

  test('what takes longer than a client waits for a document comes by a link that waits', async () => {
    const app = await modulesApp(dialect, upstream, { waits: { listMs: 2_000 } })
    const name = addModule({ '1.0.0': { files: { 'a/main.tf': '# slow\n' }, location: 'ARCHIVE//a' } })
    const goOn = upstream.hold('archive.tar.gz')
    const { location } = await app.download(name)
    expect(location).toMatch(new RegExp(`/v1/upstream/[^/]+/modules/${name}/1\\.0\\.0/archive\\.tar\\.gz//a\\?expires=`))
    const archive = app.request(location.replace('//a?', '?'))
    goOn()
    const file = await app.request((await archive).headers.location ?? '')
    expect(filesOf(file.rawPayload)).toEqual({ 'a/main.tf': '# slow\n' })
    expect((await app.request(location.replace('//a?', '?').replace('signature=', 'signature=x'))).statusCode).toBe(403)
    expect((await app.request({ method: 'HEAD', url: location.replace('//a?', '?') })).statusCode).toBe(302)
  })

  test('fifty cold clients cost the upstream one list, one address and one archive', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule()
    const digests = await Promise.all(
      Array.from({ length: 50 }, async () => {
        await app.versions(name)
        return sha256(await app.install(name))
      }),
    )
    expect(new Set(digests).size).toBe(1)
    expect(['versions', '/download', 'archive.tar.gz'].map((part) => upstream.countRequests(part))).toEqual([1, 1, 1])
  })

  test('two processes fetch once', async () => {
    const first = await modulesApp(dialect, upstream)
    const second = await modulesApp(dialect, upstream, { beside: first })
    const name = addModule()
    const digests = await Promise.all([first, second, first, second].map(async (app) => sha256(await app.install(name))))
    expect(new Set(digests).size).toBe(1)
    expect(['versions', '/download', 'archive.tar.gz'].map((part) => upstream.countRequests(part))).toEqual([1, 1, 1])
  })

  test('a process that decided to fetch after another one had done so asks for nothing', async () => {
    const first = await modulesApp(dialect, upstream)
    const second = await modulesApp(dialect, upstream, { beside: first, works: false })
    const name = addModule()
    await first.versions(name)
    const age = sql<number>`fetched_at - ${25 * 3_600_000}`
    await first.deps.database.db.updateTable('upstreamModuleLists').set({ fetchedAt: age }).execute()
    const goOn = upstream.hold('versions')
    const late = second.download(name)
    await vi.waitFor(() => expect(upstream.countRequests('versions')).toBe(2), { timeout: 5_000, interval: 10 })
    await first.install(name)
    goOn()
    expect((await late).status).toBe(204)
    expect(upstream.countRequests('/download')).toBe(1)
  })

  test('what is held and the last list answer while the upstream fails, marked as stale', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule({ '1.0.0': {}, '1.1.0': {} })
    const archive = sha256(await app.install(name))
    upstream.add(name, { '1.0.0': { defect: { on: 'versions', status: 503 } } })
    await app.pass(25 * 3_600_000)
    const { stale, versions } = await app.versions(name)
    expect({ isStale: stale >= 25 * 3600, versions }).toEqual({ isStale: true, versions: ['1.1.0', '1.0.0'] })
    expect(sha256(await app.install(name))).toBe(archive)
  })

  test('a stored archive that was changed is fetched again; other content than before is refused', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule()
    const first = sha256(await app.install(name))
    await damageArchive(app, name)
    expect(sha256(await app.install(name))).toBe(first)
    upstream.add(name, { '1.0.0': { files: { 'main.tf': '# changed\n' } } })
    await damageArchive(app, name)
    expect(await app.download(name)).toMatchObject({ status: 422, text: expect.stringContaining('other content now') })
  })

  test('a sealed server serves what it holds and asks nobody', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule()
    const first = sha256(await app.install(name))
    const sealed = await modulesApp(dialect, upstream, { beside: app, works: false, env: { TFR_MIRROR_SEALED: 'true' } })
    upstream.requests.length = 0
    expect(await sealed.versions(name)).toEqual({ status: 200, stale: 0, versions: ['1.0.0'] })
    expect(sha256(await sealed.install(name))).toBe(first)
    expect((await sealed.versions(addModule())).status).toBe(404)
    expect(upstream.requests).toEqual([])
  })

  test('without the setting, nothing is asked for', async () => {
    const app = await modulesApp(dialect, upstream, { env: { TFR_FEATURES_AUTO_DOWNLOAD_MODULES: 'false' } })
    const name = addModule()
    expect([(await app.versions(name)).status, (await app.download(name)).status]).toEqual([404, 404])
    expect(upstream.requests).toEqual([])
  })

  test('hosts that are no upstream of ours are not asked', async () => {
    const app = await modulesApp(dialect, upstream)
    expect((await app.versions(addModule(), 'other.example.com')).status).toBe(404)
    expect(upstream.requests).toEqual([])
  })
})

describe.skipIf(!hasGit).each(DIALECTS)('modules in Git on %s', (dialect) => {
  let git: GitServer
  beforeAll(async () => {
    git = await startGitServer()
    return () => git.close()
  })

  test('a link to a file of the repository becomes a copy of it', async () => {
    const repository = git.createRepository(`${dialect}-links`)
    repository.commit({ 'main.tf': '# main\n', 'CLAIMS.md': { link: 'README.md' }, 'README.md': '# read\n' })
    const app = await modulesApp(dialect, upstream, { caFile: git.caFile })
    const name = addModule({ '1.0.0': { location: `git::${repository.url}` } })
    expect(filesOf(await app.install(name))).toEqual({ 'main.tf': '# main\n', 'CLAIMS.md': '# read\n', 'README.md': '# read\n' })
  })

  test('a tag is settled to its commit, which stays when the tag moves', async () => {
    const repository = git.createRepository(`${dialect}-net`)
    const commit = repository.commit({ 'main.tf': '# first\n', 'modules/a/main.tf': 'module "b" { source = "../../" }\n' })
    repository.git(['tag', 'v1', commit])
    const app = await modulesApp(dialect, upstream, { caFile: git.caFile })
    const name = addModule({ '1.0.0': { location: `git::${repository.url}//modules/a?ref=v1` } })
    expect((await app.download(name)).location).toMatch(/\.tar\.gz\/\/modules\/a\?/)
    const first = await app.install(name)
    expect(filesOf(first)['main.tf']).toBe('# first\n')

    repository.git(['tag', '--force', 'v1', repository.commit({ 'main.tf': '# moved\n', 'modules/a/main.tf': '' })])
    git.requests.length = 0
    expect(sha256(await app.install(name))).toBe(sha256(first))
    expect(git.requests).toEqual([])
  })
  test('a damaged archive is fetched again at its commit, wherever its tag and its registry point now', async () => {
    const repository = git.createRepository(`${dialect}-damaged`)
    const commit = repository.commit({ 'modules/a/main.tf': '# first\n' })
    repository.git(['tag', 'v1', commit])
    const app = await modulesApp(dialect, upstream, { caFile: git.caFile })
    const name = addModule({ '1.0.0': { location: `git::${repository.url}//modules/a?ref=v1` } })
    const first = sha256(await app.install(name))

    repository.git(['tag', '--force', 'v1', repository.commit({ 'main.tf': '# moved\n' })])
    upstream.add(name, { '1.0.0': { location: `git::${git.url}/elsewhere?ref=v2` } })
    await damageArchive(app, name)
    expect((await app.download(name)).location).toMatch(/\.tar\.gz\/\/modules\/a\?/)
    expect(sha256(await app.install(name))).toBe(first)
    const { items } = (await app.asAdmin({ url: '/api/v1/admin/upstream-modules' })).json<{ items: object[] }>()
    expect(items).toMatchObject([{ ref: 'v1', commit, damaged: false }])
  })
})
