import { describe, expect, onTestFinished, test } from 'vitest'
import { page, startFakeApi } from '../testing/fake-api.ts'
import { terraceHome } from '../testing/run-terrace.ts'

const HELD = {
  id: 'p1',
  version_id: 'v1',
  hostname: '_self',
  namespace: 'acme',
  type: 'widget',
  version: '1.2.0',
  os: 'linux',
  arch: 'amd64',
  filename: 'terraform-provider-widget_1.2.0_linux_amd64.zip',
  size: 1_000_000,
  zh: 'zh:aa',
  origin: 'published',
  signed_by: 'publisher',
  deprecated: false,
  blocked: false,
  damaged: false,
}
const HELD_ARM = { ...HELD, id: 'p2', arch: 'arm64', filename: 'terraform-provider-widget_1.2.0_linux_arm64.zip', blocked: true }
const UNSIGNED = { origin: 'mirrored', signed_by: 'registry', provenance: 'unsigned' }
const MIRRORED = { ...HELD, ...UNSIGNED, id: 'p3', version_id: 'v2', hostname: 'registry.terraform.io' }

describe('provider list', () => {
  test('groups the platforms of a version', async () => {
    const home = await terraceHome(onTestFinished)
    const { url } = await startFakeApi(onTestFinished, { 'GET /api/v1/admin/providers': page([HELD, HELD_ARM, MIRRORED]) })
    const { stdout } = await home.run(['provider', 'list', '--server', url])
    const lines = stdout.trimEnd().split('\n')
    expect(lines.slice(1).map((line) => line.split(/ {2,}/))).toEqual([
      [`${new URL(url).host}/acme/widget`, '1.2.0', 'published', 'publisher', '2.0 MB', 'blocked: linux_arm64', 'linux_amd64, linux_arm64'],
      ['registry.terraform.io/acme/widget', '1.2.0', 'mirrored', 'nobody (unsigned)', '1.0 MB', 'ok', 'linux_amd64'],
    ])
  })

  test('asks for what the arguments say, page by page', async () => {
    const home = await terraceHome(onTestFinished)
    const all = Array.from({ length: 250 }, (_, index) => ({ ...HELD, id: `p${index}` }))
    const { url, requests } = await startFakeApi(onTestFinished, {
      'GET /api/v1/admin/providers': (request) => {
        const query = new URL(request.url, 'http://h').searchParams
        const [offset, limit] = [Number(query.get('offset')), Number(query.get('limit'))]
        return { json: { items: all.slice(offset, offset + limit), total: all.length, limit, offset } }
      },
    })
    const { stdout, stderr } = await home.run(['provider', 'list', 'acme/widget@1.2.0', '--limit', '150', '--plain', '--server', url])
    expect(stdout.trimEnd().split('\n')).toHaveLength(150)
    expect(stderr).toBe('150 of 250 packages; see all with --limit all\n')
    const filter = 'namespace=acme&type=widget&version=1.2.0'
    expect(requests.map((request) => request.url.split('?')[1])).toEqual([`${filter}&limit=100&offset=0`, `${filter}&limit=50&offset=100`])
  })
})

describe('a change of a provider version', () => {
  const CHANGES = { 'PATCH /api/v1/admin/providers/v1': { status: 204 }, 'PATCH /api/v1/admin/providers/p2': { status: 204 } }
  const LISTED = { 'GET /api/v1/admin/providers': page([HELD, HELD_ARM]) }

  test.each([
    [['deprecate', '--message', 'Use 1.3'], 'v1', { deprecated: true, deprecation_message: 'Use 1.3' }],
    [['undeprecate'], 'v1', { deprecated: false }],
    [['block', '--reason', 'bad'], 'v1', { blocked: true, blocked_reason: 'bad' }],
    [['unblock', '--platform', 'linux_arm64'], 'p2', { blocked: false }],
  ])('%j changes %s', async ([verb = '', ...flags], id, body) => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, { ...LISTED, ...CHANGES })
    const { code, stdout, stderr } = await home.run(['provider', verb, 'acme/widget@1.2.0', ...flags, '--server', url])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain(`${new URL(url).host}/acme/widget@1.2.0`)
    expect(requests[1]).toMatchObject({ method: 'PATCH', url: `/api/v1/admin/providers/${id}` })
    expect(JSON.parse(String(requests[1]?.body))).toEqual(body)
  })

  test('of a version that is not held is refused with exit code 3', async () => {
    const home = await terraceHome(onTestFinished)
    const { url } = await startFakeApi(onTestFinished, { 'GET /api/v1/admin/providers': page([]) })
    const { code, stderr } = await home.run(['provider', 'block', 'acme/widget@9.9.9', '--server', url])
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr:
        'Cannot find "acme/widget@9.9.9": this server does not hold it\nWhat it holds is shown by: terrace provider list acme/widget\n',
    })
  })

  test('of a version that several origins have must name one', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, { 'GET /api/v1/admin/providers': page([HELD, MIRRORED]) })
    const { code, stderr } = await home.run(['provider', 'block', 'acme/widget@1.2.0', '--server', url])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `Cannot choose "acme/widget@1.2.0": several origins have it\nName one: ${new URL(url).host}/acme/widget@1.2.0, registry.terraform.io/acme/widget@1.2.0\n`,
    })
    expect(requests).toHaveLength(1)
  })
})

describe('provider delete', () => {
  const ROUTES = { 'GET /api/v1/admin/providers': page([HELD, HELD_ARM]), 'DELETE /api/v1/admin/providers/v1': { status: 204 } }

  test('does not go on without a question that somebody can answer', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    const { code, stderr } = await home.run(['provider', 'delete', 'acme/widget@1.2.0', '--server', url])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('Use --force to go on without a question') })
    expect(requests.map(({ method }) => method)).toEqual(['GET'])
  })

  test('goes on under --force', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    const { code, stderr } = await home.run(['provider', 'delete', 'acme/widget@1.2.0', '--force', '--server', url])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^Deleted .*\/acme\/widget@1\.2\.0: 2 packages, 2\.0 MB\./) })
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'DELETE'])
  })

  test('shows under --dry-run what would go', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    const { stdout } = await home.run(['provider', 'delete', 'acme/widget@1.2.0', '--dry-run', '--server', url])
    expect(stdout).toBe(`${HELD.filename}\n${HELD_ARM.filename}\n`)
    expect(requests.map(({ method }) => method)).toEqual(['GET'])
  })

  // `script` gives a pseudo-terminal; its flags differ elsewhere.
  test.skipIf(process.platform !== 'linux').each([
    ['acme/widget@1.2.0\r', 0, ['GET', 'DELETE']],
    ['yes\r', 1, ['GET']],
  ])('asks on a terminal to type the name: %j', async (answer, expected, methods) => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    const { code } = await home.runOnTerminal(['provider', 'delete', 'acme/widget@1.2.0', '--server', url], {
      answers: [['Type acme/widget@1.2.0 to go on: ', answer]],
    })
    expect(code).toBe(expected)
    expect(requests.map(({ method }) => method)).toEqual(methods)
  })
})
