import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeModules, type FakeModuleVersion, startFakeModules } from '../../testing/fake-modules.ts'
import { ORIGIN } from '../../testing/mirror-jobs.ts'
import { tarGz } from '../../testing/module-archive-fixture.ts'
import { type ModulesApp, modulesApp } from '../../testing/modules-on-demand.ts'
import { packModule } from '../../testing/pack-module.ts'
import { publishModule } from '../../testing/publish-modules.ts'
import { buildZip } from '../../testing/zip-writer.ts'

let upstream: FakeModules
let names = 0

beforeAll(async () => {
  upstream = await startFakeModules()
})
afterAll(() => upstream.close())

function addModule(version: FakeModuleVersion, namespace?: string): string {
  names += 1
  const name = `${namespace ?? `faulty-${names}`}/net/aws`
  upstream.add(name, { '1.0.0': version })
  upstream.requests.length = 0
  return name
}

/** Nothing of a module may be there after a failure. */
async function held(app: ModulesApp): Promise<number> {
  return (await app.asAdmin({ url: '/api/v1/admin/upstream-modules' })).json<{ total: number }>().total
}

const outside = tarGz([{ name: '../../etc/cron.d/x.tf', content: 'x' }])
const link = tarGz([{ name: 'x.tf', type: '2', target: '/etc/passwd' }])
const large = packModule({ 'main.tf': '#', 'blob.bin': randomBytes(1_200_000) })

describe.each(DIALECTS)('modules of a faulty upstream on %s', (dialect) => {
  // The text is what Terraform prints (protocol.md 8): it names module, version and source, and says what to do.
  test.each<[string, FakeModuleVersion, RegExp]>([
    ['an archive that leaves its folder', { archive: outside }, /path leaves the module root/],
    ['an archive with a link to a file of the machine', { archive: link }, /symbolic link that leaves the module root/],
    [
      'a zip that leaves its folder',
      { archive: buildZip([{ name: '../x.tf', content: '' }]), location: 'ARCHIVE?archive=zip' },
      /leaves the module root/,
    ],
    ['a page for people', { defect: { archive: 'page' } }, /neither a "\.tar\.gz" nor a "\.zip" file/],
    ['an archive without a module', { archive: packModule({ 'README.md': '#' }) }, /has no "\.tf"/],
    [
      'a cut archive of no announced size',
      { archive: packModule({ 'main.tf': '#', 'blob.bin': randomBytes(5_000) }), defect: { archive: 'cut' } },
      /cut off/,
    ],
    ['an archive that is too large', { archive: large }, /larger than|more than/],
    ['an archive that is not there', { defect: { on: 'archive', status: 404 } }, /answered 404/],
    ['a source behind a login', { defect: { on: 'archive', status: 401 } }, /answered 401/],
    ['a way to a private network', { defect: { redirectTo: 'http://169.254.169.254/latest/meta-data.zip' } }, /not allowed|private/],
    ['another checksum than the named one', { location: `ARCHIVE?checksum=sha256:${'0'.repeat(64)}` }, /another sha256/],
    ['a folder that is not there', { location: 'ARCHIVE//missing' }, /has no folder "missing"/],
    ['a source in a bucket', { location: 's3::https://s3.amazonaws.com/bucket/net.zip' }, /lies in an S3 bucket/],
    ['a source in clear text behind credentials', { location: 'https://user:secret@x.example/net.zip' }, /carries a user name or password/],
  ])('%s is refused with a reason, and nothing of it is stored', async (_what, version, reason) => {
    const app = await modulesApp(dialect, upstream, { env: { TFR_MODULES_ARCHIVE_MAX_MB: '1' } })
    const name = addModule(version)
    const { status, text } = await app.download(name)
    expect([status, text]).toEqual([422, expect.stringMatching(reason)])
    expect(text).toMatch(new RegExp(`^Cannot fetch module "${ORIGIN}/${name}" "1\\.0\\.0".*Publish the module here`))
    const isArchive = !(version.location ?? 'ARCHIVE').includes('::') && !/x\.example|169\.254/.test(text)
    if (isArchive) expect(text).toContain(`"${upstream.url}/v1/modules/${name}/1.0.0/archive.tar.gz"`)
    expect(text).not.toContain('secret')
    expect(await held(app)).toBe(0)
  })

  test('what was refused is not fetched again at once', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule({ archive: outside })
    expect((await app.download(name)).status).toBe(422)
    expect((await app.download(name)).status).toBe(422)
    expect(upstream.countRequests('archive.tar.gz')).toBe(1)
  })

  test('what is too large is not fetched again for a minute', async () => {
    const app = await modulesApp(dialect, upstream, { env: { TFR_MODULES_ARCHIVE_MAX_MB: '1' } })
    const name = addModule({ archive: large })
    const endedEarlier = (ms: number) =>
      app.deps.database.db
        .updateTable('downloadJobItems')
        .set({ finishedAt: sql<number>`finished_at - ${ms}` })
        .execute()
    expect((await app.download(name)).status).toBe(422)
    await endedEarlier(30_000)
    expect((await app.download(name)).status).toBe(422)
    expect(upstream.countRequests('archive.tar.gz')).toBe(1)
    await endedEarlier(31_000)
    expect((await app.download(name)).status).toBe(422)
    expect(upstream.countRequests('archive.tar.gz')).toBe(2)
  })

  test('a source that cannot be fetched is not asked for again at once', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule({ location: 's3::https://s3.amazonaws.com/bucket/net.zip' })
    for (let time = 0; time < 3; time += 1) expect((await app.download(name)).status).toBe(422)
    expect(upstream.countRequests('/download')).toBe(1)
    upstream.add(name, { '1.0.0': {} })
    app.clock.advance(61_000)
    expect((await app.download(name)).status).toBe(204)
  })

  test('a connection that breaks off is tried again', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule({ defect: { on: 'archive', status: 503, times: 1 } })
    expect((await app.install(name)).length).toBeGreaterThan(0)
    expect(upstream.countRequests('archive.tar.gz')).toBe(2)
  })

  test('an upstream that asks to wait is left alone, and the client told to come again', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule({ defect: { on: 'download', status: 429, retryAfter: '120' } })
    const response = await app.request(`/v1/upstream/${ORIGIN}/modules/${name}/1.0.0/download`)
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
    expect(upstream.countRequests('/download')).toBe(1)
  })

  test('a list that cannot be had is an error that names the upstream; one that is missing is not found', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule({ defect: { on: 'versions', status: 403 } })
    expect((await app.versions(name)).status).toBe(502)
    expect((await app.versions('nobody/nothing/aws')).status).toBe(404)
    expect((await app.download(addModule({}), '9.9.9')).status).toBe(404)
    expect((await app.versions('bad name/net/aws')).status).toBe(400)
  })

  // reliability.md row 45.
  test('a namespace that is claimed here is never asked for upstream, whatever the rules say', async () => {
    const app = await modulesApp(dialect, upstream)
    const rule = { name: 'Theirs too', effect: 'allow', priority: 100, upstream: ORIGIN, namespace: 'ours', type: '*' }
    expect((await app.asAdmin({ method: 'POST', url: '/api/v1/admin/mirror-policies', payload: rule })).statusCode).toBe(201)
    await publishModule(app, { address: 'Ours/net/aws' })
    const name = addModule({}, 'ours')
    expect([(await app.versions(name)).status, (await app.download(name)).status]).toEqual([404, 404])
    expect(upstream.requests).toEqual([])
  })

  test('what mirror policies do not let in is not there, and its upstream not asked', async () => {
    const app = await modulesApp(dialect, upstream)
    const rule = { name: 'No modules of theirs', effect: 'deny', priority: 100, upstream: ORIGIN, namespace: 'theirs', type: '*' }
    expect((await app.asAdmin({ method: 'POST', url: '/api/v1/admin/mirror-policies', payload: rule })).statusCode).toBe(201)
    expect((await app.versions(addModule({}, 'Theirs'))).status).toBe(404)
    expect(upstream.requests).toEqual([])
  })

  test('a version that mirror policies do not let in is not listed, and refused with the rule', async () => {
    const app = await modulesApp(dialect, upstream)
    const name = addModule({})
    upstream.add(name, { '2.0.0': {} })
    const [namespace] = name.split('/')
    const rule = { name: 'No two', effect: 'deny', priority: 100, upstream: '*', namespace, type: 'net', version: '~> 2.0' }
    expect((await app.asAdmin({ method: 'POST', url: '/api/v1/admin/mirror-policies', payload: rule })).statusCode).toBe(201)
    expect((await app.versions(name)).versions).toEqual(['1.0.0'])
    expect(await app.download(name, '2.0.0')).toMatchObject({ status: 404, text: expect.stringContaining('rule "No two"') })
    expect(upstream.countRequests('/2.0.0/')).toBe(0)
  })

  test('modules have no cool-down', async () => {
    const app = await modulesApp(dialect, upstream, { env: { TFR_MIRROR_COOL_DOWN_DAYS: '7' } })
    expect((await app.install(addModule({}))).length).toBeGreaterThan(0)
  })
})
