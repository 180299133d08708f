import { createHash } from 'node:crypto'
import { packagePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { definitionOf, load, mirrorSettings, ORIGIN, startJobs } from '../../testing/mirror-jobs.ts'
import { publishNewModule } from '../../testing/publish-modules.ts'
import { packagesOf, publishNew } from '../../testing/publish-requests.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import { askLinks, askPlan, missingOf, type ObjectAnswer, signedPlan } from '../../testing/test-bundles.ts'
import { createTestMirror } from '../../testing/test-mirrors.ts'

const OWN = 'terrace.example.net'
const LINUX = ['linux_amd64']
const BOTH = ['darwin_arm64', 'linux_amd64']

const lock = (...blocks: readonly (readonly [address: string, version: string])[]) =>
  blocks.map(([address, version]) => `provider "${address}" {\n  version = "${version}"\n}\n`).join('\n')
const byLock = (...blocks: readonly (readonly [address: string, version: string])[]) => ({
  source: 'lock_file',
  lock_file: lock(...blocks),
})
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

describe.each(DIALECTS)('a bundle on %s', (dialect) => {
  let app: OpenTestApp
  let upstream: FakeUpstream
  beforeAll(async () => {
    upstream = await startFakeUpstream()
    app = await openTestApp(dialect, mirrorSettings(upstream, { TFR_SERVER_PUBLIC_URL: `https://${OWN}` }))
    const worker = startJobs(app)
    for (const version of ['1.0.0', '1.1.0']) {
      await publishNew(app, { name: 'globex/own', version, packages: packagesOf({ type: 'own', version }, BOTH) })
    }
    await upstream.addProvider('acme/widget', {
      versions: { '1.0.0': { platforms: BOTH }, '1.1.0': { platforms: BOTH }, '2.0.0': { platforms: BOTH } },
    })
    await load(app, definitionOf('acme/widget', ['1.0.0', '1.1.0', '2.0.0']))
    await publishNewModule(app, { address: 'globex/inner/aws', files: { 'main.tf': requires('globex/own', '< 1.1') } })
    await publishNewModule(app, {
      address: 'globex/outer/aws',
      files: {
        'main.tf': 'module "part" {\n  source = "./modules/part"\n}\n',
        'modules/part/main.tf': `module "inner" {\n  source  = "${OWN}/globex/inner/aws"\n  version = "~> 1.0"\n}\n`,
      },
    })
    await worker.stop(0)
  })
  afterAll(async () => {
    await app.close()
    await upstream.close()
  })

  const requires = (source: string, version: string) =>
    `terraform {\n  required_providers {\n    one = {\n      source = "${OWN}/${source}"\n      version = "${version}"\n    }\n  }\n}\n`
  const WIDGET = `${ORIGIN}/acme/widget`

  test('of a lock file has its versions with their signed lists and keys', async () => {
    const manifest = await signedPlan(app, byLock([WIDGET, '1.0.0'], [`${OWN}/globex/own`, '1.1.0']))
    expect(manifest).toMatchObject({ name: 'site-a', registry: OWN, source: 'lock_file', since: null, modules: [] })
    expect(manifest.providers).toMatchObject([
      { hostname: ORIGIN, namespace: 'acme', type: 'widget', origin: 'mirrored', versions: [{ version: '1.0.0', signed_by: 'upstream' }] },
      { hostname: OWN, namespace: 'globex', type: 'own', origin: 'published', versions: [{ version: '1.1.0', signed_by: 'registry' }] },
    ])
    expect(
      manifest.providers.flatMap(({ versions }) => versions.flatMap(({ packages }) => packages.map(({ platform }) => platform))),
    ).toEqual([...BOTH, ...BOTH])
    expect(manifest.keys.map(({ fingerprint }) => fingerprint)).toEqual(
      [...new Set(manifest.providers.flatMap(({ versions }) => versions.map((version) => version.signing_key)))].sort(),
    )
    expect(manifest.keys).toHaveLength(2)
  })

  test('has the named platforms only', async () => {
    const manifest = await signedPlan(app, { ...byLock([WIDGET, '1.0.0']), platforms: LINUX })
    expect(manifest.providers[0]?.versions[0]?.packages).toHaveLength(1)
  })

  test('of a configuration has the modules that it calls, theirs, and the providers of all of them', async () => {
    const files = [{ path: 'main.tf', text: `module "outer" {\n  source = "${OWN}/globex/outer/aws"\n}\n` }]
    const manifest = await signedPlan(app, { source: 'configuration', files })
    expect(manifest.modules).toMatchObject([
      { hostname: OWN, namespace: 'globex', name: 'inner', system: 'aws', origin: 'published', versions: [{ version: '1.0.0' }] },
      { name: 'outer', versions: [{ version: '1.0.0' }] },
    ])
    expect(manifest.providers).toMatchObject([{ type: 'own', versions: [{ version: '1.0.0' }] }])
  })

  test('of a configuration keeps to its lock file', async () => {
    const files = [{ path: 'main.tf', text: requires('globex/own', '>= 1.0') }]
    const newest = await signedPlan(app, { source: 'configuration', files })
    expect(newest.providers).toMatchObject([{ versions: [{ version: '1.1.0' }] }])
    const locked = await signedPlan(app, { source: 'configuration', files, lock_file: lock([`${OWN}/globex/own`, '1.0.0']) })
    expect(locked.providers).toMatchObject([{ versions: [{ version: '1.0.0' }] }])
  })

  test('of a definition has every held version that matches', async () => {
    const definition = definitionOf('acme/widget', ['~> 1.0', '2.0.0'], LINUX)
    const manifest = await signedPlan(app, { source: 'definition', definition })
    expect(manifest.providers[0]?.versions.map(({ version }) => version)).toEqual(['1.0.0', '1.1.0', '2.0.0'])
    expect(manifest.providers[0]?.versions.every(({ packages }) => packages.length === 1)).toBe(true)
  })

  test('of a mirror has what fits it', async () => {
    await createTestMirror(app, { name: 'widgets', providers: ['acme/*'], versions: ['~> 1.0'], platforms: LINUX, keep_newest: 1 })
    const manifest = await signedPlan(app, { source: 'mirror', mirror: 'widgets' })
    expect(manifest.providers).toMatchObject([
      { type: 'widget', versions: [{ version: '1.1.0', packages: [{ platform: 'linux_amd64' }] }] },
    ])
  })

  test('tells what is missing and what to do, and signs nothing', async () => {
    const body = byLock([WIDGET, '1.0.0'], [WIDGET.replace('widget', 'gadget'), '1.0.0'], [`${OWN}/globex/own`, '9.0.0'])
    expect(await missingOf(app, { ...body, platforms: [...LINUX, 'windows_amd64'] })).toEqual(
      [
        [`${ORIGIN}/acme/gadget 1.0.0 linux_amd64`, 'terrace mirror load'],
        [`${ORIGIN}/acme/gadget 1.0.0 windows_amd64`, 'terrace mirror load'],
        [`${WIDGET} 1.0.0 windows_amd64`, 'terrace mirror load'],
        [`${OWN}/globex/own 9.0.0 linux_amd64`, 'terrace provider publish'],
        [`${OWN}/globex/own 9.0.0 windows_amd64`, 'terrace provider publish'],
      ].map(([object, hint = '']) => ({ object, state: 'it is not held', hint: expect.stringContaining(hint), fetch_url: null })),
    )
    const manifest = await signedPlan(app, { ...body, platforms: LINUX, allow_missing: true })
    expect(manifest.providers.map(({ type }) => type)).toEqual(['widget'])
  })

  test('names the modules that this registry does not have', async () => {
    const sources = ['acme/vpc/aws', 'git::https://example.com/x.git', `${OWN}/globex/none/aws`, './local']
    const text = sources.map((source, index) => `module "m${index}" {\n  source = "${source}"\n}\n`).join('')
    const missing = await missingOf(app, { source: 'configuration', files: [{ path: 'main.tf', text }] })
    expect(missing.map(({ object }) => object)).toEqual([
      'module acme/vpc/aws',
      'module git::https://example.com/x.git',
      'module globex/none/aws',
      'module local',
    ])
  })

  test('of a configuration has what the folders beside it need, when their files come along', async () => {
    const files = [
      { path: 'main.tf', text: 'module "part" {\n  source = "./part/"\n}\n' },
      { path: 'part/main.tf', text: requires('globex/own', '1.0.0') },
    ]
    expect((await signedPlan(app, { source: 'configuration', files })).providers).toMatchObject([{ versions: [{ version: '1.0.0' }] }])
  })

  test('leaves out what an earlier one has, but not the lists of new packages', async () => {
    const first = await signedPlan(app, { ...byLock([WIDGET, '1.0.0']), platforms: LINUX })
    const since = { name: 'site-0', sha256: 'a'.repeat(64), objects: first.objects.map(({ path, sha256 }) => ({ path, sha256 })) }
    const second = await signedPlan(app, { ...byLock([WIDGET, '1.0.0'], [`${OWN}/globex/own`, '1.0.0']), since })
    const elsewhere = second.objects.filter(({ part }) => part === null).map(({ path }) => path)
    const address = { hostname: ORIGIN, namespace: 'acme', type: 'widget' }
    expect(elsewhere).toEqual([packagePath(address, '1.0.0', 'linux_amd64')])
    expect(second.since).toEqual({ name: 'site-0', sha256: 'a'.repeat(64) })
  })

  test('has the same parts for the same selection, in any order', async () => {
    const one = await signedPlan(app, { ...byLock([WIDGET, '1.0.0'], [`${OWN}/globex/own`, '1.0.0']), part_bytes: 8192 })
    const other = await signedPlan(app, { ...byLock([`${OWN}/globex/own`, '1.0.0'], [WIDGET, '1.0.0']), part_bytes: 8192 })
    expect(one.parts.length).toBeGreaterThan(1)
    expect(other.parts).toEqual(one.parts)
    expect(other.objects).toEqual(one.objects)
  })

  test('is refused when an object fits into no part, with the size that it needs', async () => {
    const big = { 'main.tf': '# module\n', 'data.bin': [...Array(400).keys()].map((index) => sha256(Buffer.from(`${index}`))).join('') }
    await publishNewModule(app, { address: 'globex/big/aws', files: big })
    const files = [{ path: 'main.tf', text: `module "big" {\n  source = "${OWN}/globex/big/aws"\n}\n` }]
    const response = await askPlan(app, { source: 'configuration', files, part_bytes: 4096 })
    expect(response.statusCode).toBe(422)
    const { needed } = response.json<{ context: { needed: number } }>().context
    expect((await signedPlan(app, { source: 'configuration', files, part_bytes: needed })).parts).toHaveLength(1)
  })

  test.each([
    [{ source: 'lock_file' }, 400, 'BAD_REQUEST'],
    [{ source: 'lock_file', lock_file: 'no {' }, 400, 'INVALID_CONFIGURATION'],
    [{ source: 'definition', definition: 'no {' }, 400, 'INVALID_DEFINITION'],
    [{ source: 'mirror', mirror: 'none' }, 404, 'MIRROR_NOT_FOUND'],
    [{ source: 'lock_file', lock_file: '' }, 422, 'RULE_BROKEN'],
    [{ source: 'lock_file', lock_file: '', name: '../x' }, 400, 'BAD_REQUEST'],
    [{ source: 'lock_file', lock_file: '', platforms: ['pdp11'] }, 400, 'BAD_REQUEST'],
  ])('%j is refused with %s', async (body, status, code) => {
    const response = await askPlan(app, body)
    expect(response.json()).toMatchObject({ code })
    expect(response.statusCode).toBe(status)
  })

  test('is in the audit', async () => {
    await signedPlan(app, { ...byLock([WIDGET, '1.0.0']), name: 'audited' })
    const { items } = (await app.asAdmin({ url: '/api/v1/audit?action=bundle.create' })).json<{ items: object[] }>()
    expect(items[0]).toMatchObject({ object: 'audited', outcome: 'allowed', details: { source: 'lock_file', objects: 4, parts: 1 } })
  })

  test('has objects that are where the links say', async () => {
    const files = [{ path: 'main.tf', text: `module "outer" {\n  source = "${OWN}/globex/outer/aws"\n}\n` }]
    const lockFile = lock([WIDGET, '1.0.0'])
    const manifests = [
      await signedPlan(app, { source: 'configuration', files }),
      await signedPlan(app, { source: 'lock_file', lock_file: lockFile }),
    ]
    for (const { path, sha256: expected } of manifests.flatMap(({ objects }) => objects)) {
      const [object] = (await askLinks(app, [path])).json<{ objects: ObjectAnswer[] }>().objects
      const bytes =
        object?.content == null
          ? (await app.request(new URL(object?.url ?? '').href.replace(`https://${OWN}`, ''))).rawPayload
          : Buffer.from(object.content, 'base64')
      expect(sha256(bytes), path).toBe(expected)
    }
  })

  test.each([
    'providers/x/y/z/w.zip',
    '../../etc/passwd',
    'modules/terrace.example.net/a/b/c/1.0.0.tar.gz',
    'modules/else/a/b/c/1.0.0.tar.gz',
    'x',
  ])('has no object %s', async (path) => {
    const response = await askLinks(app, [path])
    expect(response.statusCode).toBe(404)
    expect(response.json()).toMatchObject({ code: 'OBJECT_NOT_FOUND' })
  })
})
