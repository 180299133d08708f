import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BUNDLE_FORMAT } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { layOutParts, objectHeaders } from '@terrace/protocol/bundle/bundle-parts.ts'
import { moduleArchivePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { formatManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import { expect, onTestFinished, test } from 'vitest'
import { problem, type Reply, type Responder, startFakeApi } from '../testing/fake-api.ts'
import { type TerraceHome, terraceHome } from '../testing/run-terrace.ts'

const CONTENT = 'an archive of a module'
const MODULE = { hostname: 'terrace.example.net', namespace: 'acme', name: 'vpc', system: 'aws' }
const PATH = moduleArchivePath(MODULE, '1.0.0')
const FILE = { headers: { 'content-type': 'application/gzip' }, text: CONTENT }
const EXPIRED = problem({ code: 'LINK_INVALID', status: 403, detail: 'Cannot read "x": the link has expired' })
const MISSING = {
  object: 'module x',
  state: 'it is not held yet',
  hint: 'It comes when its link is followed',
  fetch_url: 'https://else.example/pull/x?sig=1',
}

const sha256 = createHash('sha256').update(CONTENT).digest('hex')
const { objects, parts } = layOutParts([{ path: PATH, size: CONTENT.length, sha256, isElsewhere: false }], 1_000_000)
const MANIFEST = formatManifest({
  format: BUNDLE_FORMAT,
  name: 'site',
  created_at: '2026-01-02T03:04:05.678Z',
  registry: MODULE.hostname,
  source: 'lock_file',
  signing_key: { fingerprint: 'AB'.repeat(20), ascii_armor: 'armor' },
  since: null,
  parts: [...parts],
  objects: [...objects],
  keys: [],
  providers: [],
  modules: [{ ...MODULE, origin: 'published', description: '', source_url: null, versions: [{ version: '1.0.0', commit_sha: null }] }],
})

const PLAN: Reply = { json: { manifest: MANIFEST, signature: 'AAAA', missing: [] } }
const links = (count: number): Reply => ({
  json: { objects: [{ path: PATH, url: `https://else.example/files/x?link=${count}`, content: null }] },
})

/** `terrace bundle create` against a server of this table. */
async function create(routes: Readonly<Record<string, Responder>>, ...args: string[]) {
  return createIn(await terraceHome(onTestFinished), routes, args)
}

async function createIn(home: TerraceHome, routes: Readonly<Record<string, Responder>>, args: readonly string[] = []) {
  await writeFile(join(home.folder, 'lock.hcl'), '')
  const { url, requests } = await startFakeApi(onTestFinished, {
    'POST /api/v1/admin/bundles/plan': PLAN,
    'POST /api/v1/admin/bundles/links': (_request, count) => links(count),
    'GET /files/x': FILE,
    ...routes,
  })
  const env = { TERRACE_SERVER: url, TERRACE_TOKEN: 'tfr_secret' }
  const outcome = await home.run(['bundle', 'create', 'site', '--lock-file', 'lock.hcl', '--out', 'out', ...args], { env })
  const files = await readdir(join(home.folder, 'out')).catch(() => [])
  return { ...outcome, requests, files, read: (name: string) => readFile(join(home.folder, 'out', name), 'utf8') }
}

const asked = (requests: readonly { readonly method: string; readonly url: string }[]) =>
  requests.map(({ method, url }) => `${method} ${url}`)

// The server may be known by another address than it knows itself by; the link is the whole permission.
test('objects come by the path of their links from the server that was named, without the credential', async () => {
  const { code, requests, files, read } = await create({})
  expect(code).toBe(0)
  expect(files.sort()).toEqual(['site.manifest.json', 'site.manifest.json.sig', 'site.tfbundle.001'])
  expect(await read('site.manifest.json')).toBe(MANIFEST)
  const file = requests.find(({ url }) => url.startsWith('/files/'))
  expect(file?.url).toBe('/files/x?link=0')
  expect(file?.headers.authorization).toBeUndefined()
})

test('a link that has run out is asked for again', async () => {
  const { code, requests } = await create({ 'GET /files/x': (_request, count) => (count === 0 ? EXPIRED : FILE) })
  expect(code).toBe(0)
  expect(asked(requests).filter((line) => line.startsWith('GET'))).toEqual(['GET /files/x?link=0', 'GET /files/x?link=1'])
})

test('a server that says nothing is asked again', async () => {
  const { code } = await create({ 'GET /files/x': (_request, count) => (count === 0 ? undefined : FILE) }, '--timeout', '1')
  expect(code).toBe(0)
})

test('a refusal that will stay is told at once', async () => {
  const refusal = problem({ code: 'OBJECT_NOT_FOUND', status: 404, detail: `Cannot send "${PATH}": it is not held here` })
  const { code, stderr, requests } = await create({ 'POST /api/v1/admin/bundles/links': refusal })
  expect({ code, asked: requests.length }).toEqual({ code: 3, asked: 2 })
  expect(stderr).toContain('it is not held here')
})

test.each([
  ['another content', CONTENT.replace('an', 'no'), 'it came with another digest'],
  ['more than it may', `${CONTENT}s`, 'it is longer than the 22 bytes of the manifest'],
  ['less than it must', CONTENT.slice(1), 'it came with another digest'],
])('an object with %s leaves no bundle', async (_name, text, state) => {
  const { code, stderr, files } = await create({ 'GET /files/x': { ...FILE, text } })
  expect({ code, files }).toEqual({ code: 1, files: ['site.tfbundle.001.partial'] })
  expect(stderr).toContain(`Cannot download "${PATH}": ${state}`)
})

test('what the server can fetch is fetched before the bundle is planned again', async () => {
  const { code, requests } = await create({
    'POST /api/v1/admin/bundles/plan': (_request, count) =>
      count === 0 ? { json: { manifest: null, signature: null, missing: [MISSING] } } : PLAN,
    'GET /pull/x': { status: 302, headers: { location: '/files/y' }, text: '' },
  })
  expect(code).toBe(0)
  expect(asked(requests).slice(0, 3)).toEqual(['POST /api/v1/admin/bundles/plan', 'GET /pull/x?sig=1', 'POST /api/v1/admin/bundles/plan'])
})

test('what a module calls is fetched when that is known, and nothing is fetched twice', async () => {
  const inner = { ...MISSING, object: 'module y', fetch_url: 'https://else.example/pull/y?sig=1' }
  const lacking = (...missing: readonly object[]): Reply => ({ json: { manifest: null, signature: null, missing } })
  const { code, requests } = await create({
    'POST /api/v1/admin/bundles/plan': (_request, count) => [lacking(MISSING), lacking(MISSING, inner)][count] ?? PLAN,
    'GET /pull/x': { status: 302, headers: { location: '/files/y' }, text: '' },
    'GET /pull/y': { status: 302, headers: { location: '/files/y' }, text: '' },
  })
  expect(code).toBe(0)
  expect(asked(requests).filter((line) => line.includes('/pull/'))).toEqual(['GET /pull/x?sig=1', 'GET /pull/y?sig=1'])
})

test('what the server cannot fetch is told and missing', async () => {
  const { code, stderr, requests } = await create({
    'POST /api/v1/admin/bundles/plan': { json: { manifest: null, signature: null, missing: [MISSING] } },
    'GET /pull/x': problem({ code: 'UPSTREAM_UNAVAILABLE', status: 504, detail: 'Cannot fetch "x": the upstream does not answer' }),
  })
  expect(code).toBe(1)
  expect(stderr).toContain('Warning: Cannot fetch "x": the upstream does not answer')
  expect(stderr).toContain('Cannot create bundle "site": 1 thing missing\n  module x: it is not held yet.')
  expect(requests).toHaveLength(3)
})

test('what was begun and has been damaged since is fetched as a whole', async () => {
  const home = await terraceHome(onTestFinished)
  const [object] = objects
  if (object === undefined) throw new Error('there is no object')
  await mkdir(join(home.folder, 'out'))
  await writeFile(join(home.folder, 'out/site.tfbundle.001.partial'), Buffer.concat([objectHeaders(object), Buffer.from('damage')]))
  const ranges: (string | undefined)[] = []
  const { code } = await createIn(home, {
    'GET /files/x': ({ headers: { range } }) => {
      ranges.push(range)
      return range === undefined ? FILE : { ...FILE, status: 206, text: CONTENT.slice('damage'.length) }
    },
  })
  expect({ code, ranges }).toEqual({ code: 0, ranges: ['bytes=6-', undefined] })
})

// Its bytes from the first on would land behind those that are there.
test('a server that does not send the range that was asked for is refused', async () => {
  const home = await terraceHome(onTestFinished)
  const [object] = objects
  if (object === undefined) throw new Error('there is no object')
  await mkdir(join(home.folder, 'out'))
  const begun = Buffer.concat([objectHeaders(object), Buffer.from(CONTENT.slice(0, 6))])
  await writeFile(join(home.folder, 'out/site.tfbundle.001.partial'), begun)
  const { code, stderr } = await createIn(home, { 'GET /files/x': FILE })
  expect(code).toBe(1)
  expect(stderr).toContain('answers 200 OK, which is no answer of Terrace')
})
