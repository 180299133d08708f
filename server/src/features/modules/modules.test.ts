import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type ModulePublish, publishModule } from '../../testing/publish-modules.ts'
import { buildTar, paxHeader } from '../../testing/tar-writer.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'

const netFiles = (version: string) => ({
  'main.tf': `variable "cidr" {\n  type = string\n}\n${version === '2.0.0' ? 'variable "zones" {\n  type = list(string)\n}\n' : ''}output "id" {\n  value = 1\n}\n`,
  'README.md': '# Network\n',
  'modules/subnet/main.tf': 'variable "name" {}\n',
  'examples/basic/main.tf': 'module "net" {\n  source = "../.."\n}\n',
})

const COMMIT = '7c4d70d7d2f9b8067393fb0d665d509fab8fa55b'
const gitArchive = (commit: string) => gzipSync(buildTar([paxHeader([['comment', commit]], 'g'), { name: 'main.tf', content: '' }]))

const publish = (app: TestApp, input: ModulePublish = {}) => publishModule(app, { files: netFiles(input.version ?? '1.0.0'), ...input })

const read = async (app: TestApp, url: string) => (await app.request(url)).json<Record<string, unknown>>()

describe.each(DIALECTS)('modules on %s', (dialect) => {
  test('what is published is listed, described and downloaded by a signed link', async () => {
    const app = await testApp(dialect)
    expect((await publish(app, { fields: { description: 'A network', source: 'https://git.example.com/net' } })).statusCode).toBe(201)
    expect(await read(app, '/v1/modules/acme/net/aws/versions')).toEqual({
      modules: [{ source: 'https://git.example.com/net', versions: [{ version: '1.0.0' }] }],
    })
    const download = await app.request('/v1/modules/acme/net/aws/1.0.0/download')
    expect([download.statusCode, download.body]).toEqual([204, ''])
    const archive = await app.request(new URL(String(download.headers['x-terraform-get']), 'http://localhost').href)
    expect([archive.statusCode, archive.headers['accept-ranges']]).toEqual([200, 'bytes'])
  })

  // reliability.md P3
  test('the same content again answers 200, other content 409 with both digests', async () => {
    const app = await testApp(dialect)
    const first = (await publish(app)).json<{ sha256: string; content_sha256: string }>()
    const again = await publish(app, { version: 'v1.0.0', files: Object.fromEntries(Object.entries(netFiles('1.0.0')).reverse()) })
    expect([again.statusCode, again.json<{ sha256: string }>().sha256]).toEqual([200, first.sha256])
    const other = await publish(app, { files: { 'main.tf': '# other\n' } })
    expect([other.statusCode, other.json()]).toEqual([
      409,
      expect.objectContaining({
        code: 'MODULE_VERSION_EXISTS',
        context: { published: `sha256:${first.content_sha256}`, offered: expect.any(String) },
      }),
    ])
  })

  test('of many publishes of one version with other content one wins', async () => {
    const app = await testApp(dialect)
    const answers = await Promise.all(Array.from({ length: 8 }, (_unused, index) => publish(app, { files: { 'main.tf': `# ${index}\n` } })))
    expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1)
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([201, 409]))
  })

  test.each([
    ['a bad version', { version: '1.0.0+build' }, 422, 'RULE_BROKEN'],
    ['a bad address', { address: 'acme/net/AWS' }, 400, 'INVALID_ADDRESS'],
    ['an archive that is none', { archive: Buffer.from('hello') }, 422, 'INVALID_MODULE_ARCHIVE'],
    ['an archive without configuration', { files: { 'README.md': 'x' } }, 422, 'INVALID_MODULE_ARCHIVE'],
    ['an unknown field', { fields: { colour: 'red' } }, 400, 'BAD_REQUEST'],
  ] satisfies [string, ModulePublish, number, string][])('%s is refused and nothing is published', async (...[, input, status, code]) => {
    const app = await testApp(dialect)
    const response = await publish(app, input)
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([status, code])
    expect((await read(app, '/v1/modules/')).modules).toEqual([])
  })

  test('publishing needs the scope', async () => {
    const app = await testApp(dialect)
    expect((await app.request({ method: 'POST', url: '/api/v1/modules' })).statusCode).toBe(401)
  })

  test('a file that cannot be parsed is a note on the version', async () => {
    const app = await testApp(dialect)
    const response = await publish(app, { files: { 'main.tf': 'variable "a" {\n' } })
    expect([response.statusCode, response.json<{ problems: { path: string }[] }>().problems[0]?.path]).toEqual([201, 'main.tf'])
  })

  // protocol.md M-19, 8.6
  test('a withdrawn version is not listed, tells its reason and keeps its number', async () => {
    const app = await testApp(dialect)
    await publish(app)
    const url = '/api/v1/modules/acme/net/aws/1.0.0'
    expect((await app.asAdmin({ method: 'DELETE', url, payload: { reason: 'leaks a key' } })).statusCode).toBe(204)
    expect(await read(app, '/v1/modules/acme/net/aws/versions')).toMatchObject({ modules: [{ versions: [] }] })
    const download = await app.request('/v1/modules/acme/net/aws/1.0.0/download')
    expect([download.statusCode, download.body]).toEqual([410, expect.stringContaining('leaks a key')])
    expect((await publish(app)).json()).toMatchObject({ status: 409, code: 'MODULE_VERSION_DELETED' })
    expect(await read(app, '/api/v1/modules/acme/net/aws/versions')).toMatchObject({
      items: [{ version: '1.0.0', state: 'deleted', deleted_reason: 'leaks a key' }],
    })
  })

  test('a deprecated module and version say so, and stop when it is taken back', async () => {
    const app = await testApp(dialect)
    await publish(app)
    const mark = { deprecated: true, message: 'use acme/network', successor: 'acme/network/aws' }
    expect((await app.asAdmin({ method: 'PATCH', url: '/api/v1/modules/acme/net/aws', payload: mark })).statusCode).toBe(204)
    expect(await read(app, '/v1/modules/acme/net/aws')).toMatchObject({
      deprecation: { reason: 'use acme/network', link: 'acme/network/aws' },
    })
    const versionUrl = '/api/v1/modules/acme/net/aws/1.0.0'
    await app.asAdmin({ method: 'PATCH', url: versionUrl, payload: { deprecated: true, message: 'old' } })
    expect(await read(app, versionUrl)).toMatchObject({ version: { state: 'deprecated', deprecation_message: 'old' } })
    await app.asAdmin({ method: 'PATCH', url: versionUrl, payload: { deprecated: false } })
    await app.asAdmin({ method: 'PATCH', url: '/api/v1/modules/acme/net/aws', payload: { deprecated: false } })
    expect(await read(app, '/v1/modules/acme/net/aws/1.0.0')).toMatchObject({ deprecation: null })
  })

  // protocol.md 6.4
  test('the extended documents have the public shapes', async () => {
    const app = await testApp(dialect)
    for (const version of ['1.0.0', '2.0.0']) await publish(app, { version })
    expect(await read(app, '/v1/modules/acme/net/aws/1.0.0')).toMatchObject({
      id: 'acme/net/aws/1.0.0',
      root: { readme: '# Network\n', inputs: [{ name: 'cidr', type: 'string', required: true }], outputs: [{ name: 'id' }] },
      submodules: [{ path: 'modules/subnet' }],
      examples: [{ path: 'examples/basic' }],
      versions: ['2.0.0', '1.0.0'],
    })
    expect(await read(app, '/v1/modules/acme?limit=5')).toMatchObject({
      meta: { limit: 5, current_offset: 0 },
      modules: [{ version: '2.0.0' }],
    })
    expect(await read(app, '/v1/modules/acme/net')).toMatchObject({ modules: [{ provider: 'aws' }] })
    expect(await read(app, '/v1/modules/search?q=net')).toMatchObject({ modules: [{ name: 'net' }] })
    const latest = await app.request('/v1/modules/acme/net/aws/download')
    expect([latest.statusCode, latest.headers.location]).toEqual([302, '/v1/modules/acme/net/aws/2.0.0/download'])
  })

  test('the interface reads a module, searches and compares versions', async () => {
    const app = await testApp(dialect)
    for (const version of ['1.0.0', '2.0.0']) await publish(app, { version })
    expect(await read(app, '/api/v1/modules/acme/net/aws')).toMatchObject({
      version: { version: '2.0.0' },
      readme: '# Network\n',
      systems: ['aws'],
    })
    expect(await read(app, '/api/v1/modules/search?q=network')).toMatchObject({ total: 1, items: [{ name: 'net' }] })
    const diff = await read(app, '/api/v1/modules/acme/net/aws/diff?from=1.0.0&to=2.0.0')
    expect(JSON.stringify(diff)).toContain('zones')
    expect(diff).toMatchObject({ breaking: true })
  })

  test('downloads are counted by version, and a HEAD is not', async () => {
    const app = await testApp(dialect)
    await publish(app)
    const url = '/v1/modules/acme/net/aws/1.0.0/download'
    for (const method of ['GET', 'HEAD', 'GET'] as const) await app.request({ method, url })
    await app.deps.downloads.flush()
    expect(await read(app, '/v1/modules/acme/net/aws')).toMatchObject({ downloads: 2 })
    await publish(app, { version: '2.0.0' })
    expect(await read(app, '/api/v1/modules/acme/net/aws')).toMatchObject({ module: { downloads: 2 }, version: { downloads: 0 } })
    expect(await read(app, '/api/v1/modules/acme/net/aws/versions')).toMatchObject({ items: [{ downloads: 0 }, { downloads: 2 }] })
  })

  test('the search sorts by what was downloaded since', async () => {
    const app = await testApp(dialect)
    for (const name of ['one', 'two', 'three']) await publish(app, { address: `acme/${name}/aws` })
    for (const name of ['two', 'two', 'three']) await app.request(`/v1/modules/acme/${name}/aws/1.0.0/download`)
    await app.deps.downloads.flush()
    const found = await read(app, '/api/v1/modules/search?sort=downloads')
    expect((found.items as { name: string }[]).map(({ name }) => name)).toEqual(['two', 'three', 'one'])
  })

  test.each([
    ['git archive', gitArchive(COMMIT), COMMIT],
    ['other programs', undefined, null],
  ])('the versions tell the commit of an archive of %s', async (_maker, archive, commit) => {
    const app = await testApp(dialect)
    await publish(app, archive && { archive })
    expect(await read(app, '/api/v1/modules/acme/net/aws/versions')).toMatchObject({ items: [{ commit }] })
  })

  test('an unknown module and an unknown version are not found', async () => {
    const app = await testApp(dialect)
    await publish(app)
    expect((await app.request('/v1/modules/acme/none/aws/versions')).statusCode).toBe(404)
    expect((await app.request('/v1/modules/acme/net/aws/9.9.9/download')).statusCode).toBe(404)
    expect(await read(app, '/v1/modules/acme/net/aws/9.9.9')).toEqual({
      errors: [
        'Cannot find module "acme/net/aws 9.9.9": no such version is published',
        'Choose another one; they are listed by: terrace module show acme/net/aws',
      ],
    })
  })
})
