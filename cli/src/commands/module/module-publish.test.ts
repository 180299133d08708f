import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { problem, type ReceivedRequest, type Reply, startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const ME = { 'GET /api/v1/auth/me': { json: { kind: 'api_key', user_id: '1', name: 'ada/ci', scopes: ['modules:write'] } } }
const ADDRESS = { namespace: 'acme', name: 'vpc', system: 'aws' }
const JSON_OF_PUBLISHED = { ...ADDRESS, version: '1.2.0', sha256: 'aa', content_sha256: 'bb', size: 1234, problems: [] }
const PUBLISHED: Reply = { status: 201, json: JSON_OF_PUBLISHED }
const FILES = { 'main.tf': 'variable "a" {}\n', '.terraform/x': '', 'x.zip': 'zip', '.terraformignore': '*.zip\n' }
const TO = ['--to', 'acme/vpc/aws', '--version', 'v1.2.0']

async function homeWith(files: Readonly<Record<string, string>>) {
  const home = await terraceHome(onTestFinished)
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(home.folder, 'module', path)), { recursive: true })
    await writeFile(join(home.folder, 'module', path), content)
  }
  return home
}

async function publish(reply: Reply, flags: readonly string[] = TO, files: Readonly<Record<string, string>> = FILES) {
  const home = await homeWith(files)
  const { url, requests } = await startFakeApi(onTestFinished, { ...ME, 'POST /api/v1/modules': reply })
  const outcome = await home.run(['module', 'publish', 'module', '--server', url, ...flags])
  return { url, host: new URL(url).host, requests, ...outcome }
}

function formOf({ headers, body }: ReceivedRequest): Promise<FormData> {
  return new Response(new Uint8Array(body), { headers: { 'content-type': String(headers['content-type']) } }).formData()
}

describe('module publish', () => {
  test('sends the packed folder in one request of known length, and shows how to use it', async () => {
    const { code, stdout, stderr, requests, host, url } = await publish(PUBLISHED, [
      ...TO,
      '--description',
      'A network',
      '--source',
      'https://git.example.com/acme/vpc',
    ])
    expect(code).toBe(0)
    expect(stdout).toBe(`module "vpc" {\n  source  = "${host}/acme/vpc/aws"\n  version = "1.2.0"\n}\n`)
    expect(stderr).toBe(
      [
        'Packing 2 files, 22 B',
        'Left out: .terraform/, x.zip',
        `Published ${host}/acme/vpc/aws 1.2.0: 1.2 kB, content sha256:bb`,
        `See it at ${url}/v1/modules/acme/vpc/aws/1.2.0, or with: terrace module show acme/vpc/aws 1.2.0`,
        `Terraform refuses the source below: "${host}" is an http address, and Terraform asks by https only`,
        'Put the https address of the server in its place: the host of its setting server.public_url, such as registry.example.com;',
        'on the machine of the server also the https address that "terrace serve" shows, with 127.0.0.1 for localhost',
        'Use it with:',
        '',
      ].join('\n'),
    )
    expect(requests.map((request) => `${request.method} ${request.url}`)).toEqual(['GET /api/v1/auth/me', 'POST /api/v1/modules'])
    const [, request] = requests as [ReceivedRequest, ReceivedRequest]
    expect(request.headers).toMatchObject({ 'content-length': String(request.body.length) })
    const { file, ...fields } = Object.fromEntries(await formOf(request))
    expect(fields).toEqual({ ...ADDRESS, version: '1.2.0', description: 'A network', source: 'https://git.example.com/acme/vpc' })
    expect(Buffer.from(await (file as File).arrayBuffer()).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]))
  })

  test('sends a ready archive as it is', async () => {
    const home = await homeWith({ 'vpc.ZIP': 'PK...' })
    const { url, requests } = await startFakeApi(onTestFinished, { ...ME, 'POST /api/v1/modules': PUBLISHED })
    const { code } = await home.run(['module', 'publish', 'module/vpc.ZIP', '--server', url, ...TO])
    expect(code).toBe(0)
    expect(await ((await formOf(requests[1] as ReceivedRequest)).get('file') as File).text()).toBe('PK...')
  })

  test('says that the same content is published already', async () => {
    const { code, stderr, host } = await publish({ ...PUBLISHED, status: 200 })
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(`${host}/acme/vpc/aws 1.2.0 is published already, with the same content; nothing changed\n`),
    })
  })

  test('--plain is one line, --json the answer with the way to use it', async () => {
    const plain = await publish(PUBLISHED, [...TO, '--plain', '--quiet'])
    expect(plain).toMatchObject({ stdout: `${plain.host}/acme/vpc/aws\t1.2.0\tbb\tcreated\n`, stderr: '' })
    const json = await publish({ ...PUBLISHED, status: 200 }, [...TO, '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema_version: 1,
      ...JSON_OF_PUBLISHED,
      created: false,
      source: `${json.host}/acme/vpc/aws`,
      left_out: ['.terraform/', 'x.zip'],
    })
  })

  test('warns of what could not be analysed, and of state files', async () => {
    const problems = [
      { path: 'main.tf', line: 3, message: 'Unexpected \u001b[2J' },
      { path: '', message: 'There are 7 further problems' },
    ]
    const { code, stderr } = await publish({ status: 201, json: { ...JSON_OF_PUBLISHED, problems } }, TO, {
      ...FILES,
      'terraform.tfstate': '',
      'modules/a/x.tfstate.backup': '',
    })
    expect(code).toBe(0)
    expect(stderr).toContain('Warning: main.tf:3: Unexpected ?[2J\nWarning: There are 7 further problems\n')
    expect(stderr).toContain('Warning: modules/a/x.tfstate.backup, terraform.tfstate may hold secrets')
  })

  test('shows a refusal with its code, and a conflict with both digests', async () => {
    const conflict = problem({
      code: 'MODULE_VERSION_EXISTS',
      status: 409,
      detail: 'Cannot publish "acme/vpc/aws 1.2.0": it is immutable and has other content',
      hint: 'Publish a new version',
      context: { published: 'sha256:aa', offered: 'sha256:bb' },
    })
    const { code, stdout, stderr } = await publish(conflict)
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(stderr).toContain(
      'it is immutable and has other content\n  published: sha256:aa\n  offered: sha256:bb\nPublish a new version\nError code: MODULE_VERSION_EXISTS\n',
    )
  })

  test('--dry-run lists the files, sends nothing, and needs no server', async () => {
    const home = await homeWith(FILES)
    const args = ['module', 'publish', 'module', ...TO, '--dry-run']
    const { code, stdout, stderr } = await home.run([...args, '--plain'])
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'module\tacme/vpc/aws 1.2.0\nfile\t.terraformignore (6 B)\nfile\tmain.tf (16 B)\nleft out\t.terraform/\nleft out\tx.zip\n',
      stderr: 'Nothing was sent\n',
    })
  })

  test.each([
    [['module', '--to', 'acme/vpc/aws', '--version', 'latest'], 2, 'Cannot read version "latest"'],
    [['module', '--to', 'acme/vpc', '--version', '1.0.0'], 2, 'Cannot read module "acme/vpc"'],
    [['module', '--version', '1.0.0'], 2, 'Use --to\n'],
    [['module', '--to', 'acme/vpc/aws'], 2, 'Use --version\n'],
    [['module/main.tf', ...TO], 2, 'it is neither a folder nor a .tar.gz, .tgz or .zip file'],
    [['nowhere', ...TO], 2, 'Cannot read "nowhere": there is no such file'],
    [['.', ...TO, '--source', ''], 6, 'nothing listens there'],
  ])('%j fails with exit code %i before anything is sent', async (args, expected, text) => {
    const home = await homeWith(FILES)
    const { code, stderr } = await home.run(['module', 'publish', ...args, '--server', 'http://127.0.0.1:1'])
    expect({ code, stderr }).toEqual({ code: expected, stderr: expect.stringContaining(text) })
  })

  // `script` gives a pseudo-terminal; its flags differ elsewhere.
  test.skipIf(process.platform !== 'linux')('draws its progress on a terminal', async () => {
    const home = await homeWith(FILES)
    const { url } = await startFakeApi(onTestFinished, { ...ME, 'POST /api/v1/modules': PUBLISHED })
    const { code, stdout } = await home.runOnTerminal(['module', 'publish', 'module', '--server', url, ...TO])
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/\[#+-*\] +\d+ % .*(?:packed|sent)/) })
  })
})
