import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type FakeModules, startFakeModules } from '../../testing/fake-modules.ts'
import { ORIGIN } from '../../testing/mirror-jobs.ts'
import { type ModulesApp, modulesApp } from '../../testing/modules-on-demand.ts'
import { publishNewModule } from '../../testing/publish-modules.ts'
import { askLinks, type MissingAnswer, missingOf, type ObjectAnswer, signedPlan } from '../../testing/test-bundles.ts'

const OWN = 'terrace.example.net'
const NAMED = { TFR_SERVER_PUBLIC_URL: `https://${OWN}` }
/** A server that fetches nothing. */
const SEALED = { TFR_MIRROR_SEALED: 'true' }

const call = (source: string, version = '') => `module "m" {\n  source = "${source}"\n${version && `  version = "${version}"\n`}}\n`
const requires = (source: string) => `terraform {\n  required_providers {\n    one = {\n      source = "${source}"\n    }\n  }\n}\n`
const configuration = (text: string) => ({ source: 'configuration', files: [{ path: 'main.tf', text }] })
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

let upstream: FakeModules
beforeAll(async () => {
  upstream = await startFakeModules()
  upstream.add('acme/inner/aws', { '1.0.0': { files: { 'main.tf': '# inner\n' } }, '1.1.0': {} })
  upstream.add('Acme/outer/aws', {
    '2.0.0': {
      location: 'ARCHIVE//src?archive=tar.gz',
      files: {
        'src/main.tf': call('./modules/part'),
        'src/modules/part/main.tf': call(`${ORIGIN}/acme/inner/aws`, '~> 1.0.0') + requires(`${OWN}/globex/widget`),
        'src/examples/all/main.tf': call('git::https://git.example.com/never.git'),
        'unrelated/main.tf': 'no {',
      },
    },
  })
})
afterAll(() => upstream.close())

/** Follows the links until none is left, as the command does. */
async function fetchAll(app: ModulesApp, body: object): Promise<readonly MissingAnswer[]> {
  for (let round = 0; round < 5; round += 1) {
    const missing = await missingOf(app, body)
    const links = missing.flatMap(({ fetch_url: link }) => link ?? [])
    if (links.length === 0) return missing
    for (const link of links) expect((await app.request(link.replace(`https://${OWN}`, ''))).statusCode).toBe(302)
  }
  throw new Error('There is always one more')
}

describe.each(DIALECTS)('public modules in bundles on %s', (dialect) => {
  test('are fetched first, with those that they call, and are in the bundle with their origin', async () => {
    const app = await modulesApp(dialect, upstream, { env: NAMED })
    const body = configuration(call(`${ORIGIN}/Acme/outer/aws`))
    const [first] = await missingOf(app, body)
    expect(first).toMatchObject({ object: `module ${ORIGIN}/Acme/outer/aws 2.0.0`, state: 'it is not held yet' })
    const missing = await fetchAll(app, body)
    expect(missing.map(({ object }) => object)).toEqual([`${OWN}/globex/widget`])

    const manifest = await signedPlan(app, { ...body, allow_missing: true })
    const { items } = (await app.asAdmin({ url: '/api/v1/admin/upstream-modules' })).json<{ items: Record<string, unknown>[] }>()
    const [inner, outer] = items
    expect(manifest.modules).toMatchObject([
      { hostname: ORIGIN, namespace: 'Acme', name: 'outer', origin: 'mirrored', versions: [{ version: '2.0.0', commit_sha: null }] },
      { hostname: ORIGIN, namespace: 'acme', name: 'inner', origin: 'mirrored', versions: [{ version: '1.0.0' }] },
    ])
    expect(manifest.modules[0]?.versions[0]?.fetched_from).toEqual({
      content_sha256: outer?.content_sha256,
      kind: 'archive',
      url: `${upstream.url}/v1/modules/Acme/outer/aws/2.0.0/archive.tar.gz`,
      ref: null,
      received_sha256: outer?.received_sha256,
      subdir: 'src',
    })
    expect(manifest.objects.map((object) => object.sha256).sort()).toEqual([inner?.sha256, outer?.sha256].sort())

    const { objects } = (
      await askLinks(
        app,
        manifest.objects.map(({ path }) => path),
      )
    ).json<{ objects: ObjectAnswer[] }>()
    const bytes = await Promise.all(objects.map(({ url }) => app.request(new URL(url ?? '').href.replace(`https://${OWN}`, ''))))
    expect(bytes.map(({ rawPayload }) => sha256(rawPayload))).toEqual(manifest.objects.map((object) => object.sha256))
  })

  test('are those that are held where nothing is fetched', async () => {
    const outside = await modulesApp(dialect, upstream)
    await outside.install('acme/inner/aws', '1.0.0')
    const app = await modulesApp(dialect, upstream, { env: { ...NAMED, ...SEALED }, beside: outside, works: false })
    const [held] = (await signedPlan(app, configuration(call(`${ORIGIN}/ACME/inner/aws`)))).modules
    expect(held?.versions.map(({ version }) => version)).toEqual(['1.0.0'])
    upstream.requests.length = 0
    const texts = [call(`${ORIGIN}/acme/inner/aws`, '1.1.0'), call(`${ORIGIN}/acme/none/aws`), call('elsewhere.example.com/acme/x/aws')]
    const missing = await Promise.all(texts.map(async (text) => (await missingOf(app, configuration(text)))[0]))
    expect(missing.map((item) => [item?.object, item?.state, item?.fetch_url])).toEqual([
      [`module ${ORIGIN}/acme/inner/aws`, 'no version matches "1.1.0"', null],
      [`module ${ORIGIN}/acme/none/aws`, 'it is not held', null],
      ['module elsewhere.example.com/acme/x/aws', 'this registry does not hold it', null],
    ])
    expect(missing[1]?.hint).toContain('Import a bundle')
    expect(upstream.requests).toEqual([])
  })

  test('are named with the setting that has them fetched', async () => {
    const app = await modulesApp(dialect, upstream, { env: { ...NAMED, TFR_FEATURES_AUTO_DOWNLOAD_MODULES: 'false' }, works: false })
    const [missing] = await missingOf(app, configuration(call(`${ORIGIN}/acme/inner/aws`)))
    expect(missing).toMatchObject({ state: 'it is not held', hint: expect.stringContaining('features.auto_download_modules') })
  })

  test('of a namespace that is claimed here are not asked for', async () => {
    const app = await modulesApp(dialect, upstream, { env: NAMED })
    await publishNewModule(app, { address: 'acme/own/aws' })
    const [missing] = await missingOf(app, configuration(call(`${ORIGIN}/acme/inner/aws`)))
    expect(missing).toMatchObject({ state: 'it is neither held nor let in from an upstream', fetch_url: null })
  })

  test('are called by modules that are published here', async () => {
    const app = await modulesApp(dialect, upstream, { env: NAMED })
    await app.install('acme/inner/aws', '1.1.0')
    await publishNewModule(app, { address: 'globex/own/aws', files: { 'main.tf': call(`${ORIGIN}/acme/inner/aws`) } })
    const { modules } = await signedPlan(app, configuration(call(`${OWN}/globex/own/aws`)))
    expect(modules.map(({ name, origin }) => `${name} ${origin}`)).toEqual(['inner mirrored', 'own published'])
  })
})

test('a module that cannot be read is in the bundle, and what it needs is named as not known', async () => {
  upstream.add('acme/broken/aws', { '1.0.0': { files: { 'main.tf': 'module {' } } })
  const app = await modulesApp('sqlite', upstream, { env: NAMED })
  await app.install('acme/broken/aws')
  const body = configuration(call(`${ORIGIN}/acme/broken/aws`))
  const [missing] = await missingOf(app, body)
  expect(missing).toMatchObject({
    object: `needs of module ${ORIGIN}/acme/broken/aws 1.0.0`,
    state: expect.stringContaining('Cannot read "main.tf" at line 1'),
  })
  expect((await signedPlan(app, { ...body, allow_missing: true })).modules).toHaveLength(1)
})
