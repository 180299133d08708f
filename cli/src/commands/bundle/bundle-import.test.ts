import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ReceivedRequest, type Reply, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'
import { storedZip } from '../../testing/stored-zip.ts'

const IMPORTS = '/api/v1/admin/imports'
const ME = { 'GET /api/v1/auth/me': { json: { kind: 'api_key', user_id: '1', name: 'ada/ci', scopes: ['mirrors:manage'] } } }
const ADDRESS = { hostname: 'registry.terraform.io', namespace: 'hashicorp', type: 'null' }
const FOLDER = 'mirror/registry.terraform.io/hashicorp/null'
const ZIP = 'terraform-provider-null_3.2.1_linux_amd64.zip'
const H1 = `h1:${'A'.repeat(43)}=`

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const planOf = (id: string | null, state: string, reason: object | null = null) => ({
  id,
  kind: 'directory',
  name: 'mirror',
  signed_by: null,
  versions: [
    {
      ...ADDRESS,
      version: '3.2.1',
      signing_key: null,
      needs_list: state === 'add',
      packages: [{ platform: 'linux_amd64', filename: ZIP, state, bytes: 100, reason }],
    },
  ],
  modules: [],
  add: state === 'add' ? 1 : 0,
  add_bytes: state === 'add' ? 100 : 0,
  keep: state === 'keep' ? 1 : 0,
  refuse: state === 'refuse' ? 1 : 0,
})

/** Answers the two questions that an import begins with. */
const begin =
  (state: string, reason?: object) =>
  ({ body }: ReceivedRequest): Reply => {
    const { dry_run: isDry } = JSON.parse(body.toString()) as { dry_run: boolean }
    return { status: isDry ? 200 : 201, json: planOf(isDry ? null : 'import-1', state, reason) }
  }

const DONE: Reply = { json: { id: 'import-1', kind: 'directory', name: 'mirror', added: 1, added_bytes: 100, refused: 0 } }
const SEND = `PUT ${IMPORTS}/import-1/providers/registry.terraform.io/hashicorp/null/3.2.1`
const FINISH = `POST ${IMPORTS}/import-1/finish`

async function importFolder(routes: Parameters<typeof startFakeApi>[1], flags: readonly string[] = [], files: Record<string, string> = {}) {
  const home = await terraceHome(onTestFinished)
  const folder = join(home.folder, FOLDER)
  await mkdir(folder, { recursive: true })
  const zip = storedZip('terraform-provider-null_v3.2.1_x5', '#!/bin/sh\n')
  await writeFile(join(folder, ZIP), zip)
  await writeFile(join(folder, '3.2.1.json'), JSON.stringify({ archives: { linux_amd64: { hashes: [H1, 'future:x'], url: ZIP } } }))
  await writeFile(join(folder, 'index.json'), JSON.stringify({ versions: { '3.2.1': {} } }))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(home.folder, name, '..'), { recursive: true })
    await writeFile(join(home.folder, name), content)
  }
  const { url, requests } = await startFakeApi(onTestFinished, { ...ME, ...routes })
  const outcome = await home.run(['bundle', 'import', 'mirror', '--server', url, ...flags])
  return { ...outcome, zip, asked: requests.map((request) => `${request.method} ${request.url}`), requests }
}

describe('bundle import of a folder', () => {
  test('tells the server what is there, sends what is missing with its list, and ends', async () => {
    const [list, signature] = ['terraform-provider-null_3.2.1_SHA256SUMS', 'terraform-provider-null_3.2.1_SHA256SUMS.sig']
    const { code, stderr, stdout, zip, asked, requests } = await importFolder(
      { [`POST ${IMPORTS}`]: begin('add'), [SEND]: { json: { added: ['linux_amd64'], kept: [], bytes: 100 } }, [FINISH]: DONE },
      ['--json'],
      { [`${FOLDER}/${list}`]: 'list', [`${FOLDER}/${signature}`]: 'signature' },
    )
    expect(code, stderr).toBe(0)
    expect(asked.slice(1)).toEqual([`POST ${IMPORTS}`, `POST ${IMPORTS}`, SEND, FINISH])
    expect(JSON.parse(requests[1]?.body.toString() ?? '')).toMatchObject({
      dry_run: true,
      directory: {
        name: 'mirror',
        versions: [
          {
            ...ADDRESS,
            version: '3.2.1',
            shasums: { size: 4, sha256: sha256(Buffer.from('list')) },
            signature: { size: 9, sha256: sha256(Buffer.from('signature')) },
            packages: [{ platform: 'linux_amd64', size: zip.length, sha256: sha256(zip), hashes: [H1] }],
          },
        ],
      },
    })
    const sent = requests[3] as ReceivedRequest
    const form = await new Response(new Uint8Array(sent.body), {
      headers: { 'content-type': String(sent.headers['content-type']) },
    }).formData()
    expect([...form].map(([name, value]) => [name, (value as File).name])).toEqual([
      ['shasums', list],
      ['signature', signature],
      ['file', ZIP],
    ])
    expect(Buffer.from(await (form.get('file') as File).arrayBuffer()).equals(zip)).toBe(true)
    expect(JSON.parse(stdout)).toMatchObject({ id: 'import-1', added: 1, kept: 0, refused: [] })
  })

  test('a dry run sends nothing', async () => {
    const { code, stdout, asked } = await importFolder({ [`POST ${IMPORTS}`]: begin('add') }, ['--dry-run', '--plain'])
    expect([code, asked.slice(1)]).toEqual([0, [`POST ${IMPORTS}`]])
    expect(stdout).toContain('to add\t1')
  })

  test('what would be refused is told before anything is sent, and the rest goes on only when it is wanted', async () => {
    const reason = { code: 'INVALID_SIGNATURE', message: 'Cannot import "x": nothing signed speaks for it', hint: 'Use --allow-unsigned' }
    const refused = await importFolder({ [`POST ${IMPORTS}`]: begin('refuse', reason) })
    expect([refused.code, refused.asked.slice(1)]).toEqual([5, [`POST ${IMPORTS}`]])
    expect(refused.stderr).toContain('nothing signed speaks for it')
    expect(refused.stderr).toContain('Use --allow-unsigned')
    const skipped = await importFolder({ [`POST ${IMPORTS}`]: begin('refuse', reason), [FINISH]: DONE }, ['--skip-refused'])
    expect([skipped.code, skipped.asked.at(-1)]).toEqual([0, FINISH])
  })

  test('what the server refuses after looking at it is told with its digests, and the command fails', async () => {
    const json = { code: 'CHECKSUM_MISMATCH', status: 422, title: 'x', detail: 'Cannot import "zip": sha256 mismatch', type: 'urn:x' }
    const problem: Reply = {
      status: 422,
      json: { ...json, context: { expected: 'zh:aa', found: 'zh:bb' }, requestId: 'req-7' },
      headers: { 'content-type': 'application/problem+json' },
    }
    const { code, stderr, asked } = await importFolder({ [`POST ${IMPORTS}`]: begin('add'), [SEND]: problem, [FINISH]: DONE }, [], {
      [`${FOLDER}/terraform-provider-null_3.2.1_SHA256SUMS`]: 'list',
      [`${FOLDER}/terraform-provider-null_3.2.1_SHA256SUMS.sig`]: 'signature',
    })
    expect([code, asked.at(-1)]).toEqual([1, FINISH])
    expect(stderr).toContain('sha256 mismatch')
    expect(stderr).toContain('expected: zh:aa')
    expect(stderr).toContain('found: zh:bb')
  })

  test('keys and exceptions are passed on', async () => {
    const { requests } = await importFolder({ [`POST ${IMPORTS}`]: begin('keep'), [FINISH]: DONE }, [
      '--allow-unsigned',
      '--trust-keys',
      'AB:CD,ef 01',
      '--trust-keys',
      '2345',
    ])
    expect(JSON.parse(requests[1]?.body.toString() ?? '')).toMatchObject({ allow_unsigned: true, trust_keys: ['ABCD', 'ef01', '2345'] })
  })

  test.each([
    ['unpacked packages', { [`${FOLDER}/3.2.2/linux_amd64/terraform-provider-null_v3.2.2_x5`]: 'x' }, 'are unpacked'],
    ['a document without its zip', { [`${FOLDER}/3.2.1.json`]: '{"archives":{"linux_amd64":{"url":"../x.zip"}}}' }, 'is not beside it'],
    ['a document that is none', { [`${FOLDER}/3.2.1.json`]: '<html>' }, 'it is no JSON'],
  ])('%s are refused with what to do', async (_name, files, text) => {
    const outcome = await importFolder({}, [], files)
    expect([outcome.code, outcome.asked]).toEqual([1, ['GET /api/v1/auth/me']])
    expect(outcome.stderr).toContain(text)
  })

  test('a folder without packages is a wrong call', async () => {
    const home = await terraceHome(onTestFinished)
    await mkdir(join(home.folder, 'empty'))
    const { url } = await startFakeApi(onTestFinished, ME)
    for (const name of ['empty', 'nowhere']) {
      const { code, stderr } = await home.run(['bundle', 'import', name, '--server', url])
      expect([code, stderr]).toEqual([2, expect.stringContaining('terraform providers mirror')])
    }
  })
})

describe('bundle import of a bundle', () => {
  test('a manifest that is none is refused here', async () => {
    const home = await terraceHome(onTestFinished)
    await writeFile(join(home.folder, 'site.manifest.json'), '{}')
    await writeFile(join(home.folder, 'site.manifest.json.sig'), 'x')
    const { url, requests } = await startFakeApi(onTestFinished, ME)
    const { code, stderr } = await home.run(['bundle', 'import', 'site', '--server', url])
    expect([code, stderr]).toEqual([1, expect.stringContaining('manifest')])
    expect(requests).toHaveLength(1)
    expect(await readFile(join(home.folder, 'site.manifest.json'), 'utf8')).toBe('{}')
  })
})
