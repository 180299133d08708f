import { describe, expect, onTestFinished, test } from 'vitest'
import { startFakeApi } from '../../testing/fake-api.ts'
import { terraceHome } from '../../testing/run-terrace.ts'

const BASE = '/api/v1/modules/acme/vpc/aws'
/** What the commands read of a version. */
const DETAIL = { version: { version: '1.2.0', sha256: 'aa', size: 12_300, downloads: 7 } }

async function terrace(routes: Parameters<typeof startFakeApi>[1], ...args: string[]) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  return { requests, ...(await home.run(['module', ...args, '--server', url])) }
}

describe('module yank', () => {
  const ROUTES = { [`GET ${BASE}/1.2.0`]: { json: DETAIL }, [`DELETE ${BASE}/1.2.0`]: { status: 204 } }
  const yank = (...args: string[]) => terrace(ROUTES, 'yank', ...args)

  test('goes on under --force, with the reason', async () => {
    const { code, stderr, requests } = await yank('acme/vpc/aws', '1.2.0', '--reason', 'Opens a port', '--force')
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^Withdrawn acme\/vpc\/aws 1\.2\.0; /) })
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'DELETE'])
    expect(JSON.parse(String(requests[1]?.body))).toEqual({ reason: 'Opens a port' })
  })

  test.each([
    [['acme/vpc/aws', '1.2.0', '--reason', 'x'], 2, 'Use --force'],
    [['acme/vpc/aws', '1.2.0', '--force'], 2, 'Use --reason'],
    [['acme/vpc/aws', '1.2.0', '--dry-run'], 0, 'Would withdraw acme/vpc/aws 1.2.0: 12.3 kB, 7 downloads. Nothing was changed'],
  ])('%j changes nothing', async (args, expected, text) => {
    const { code, stderr, requests } = await yank(...args)
    expect({ code, stderr }).toEqual({ code: expected, stderr: expect.stringContaining(text) })
    expect(requests.map(({ method }) => method)).toEqual(['GET'])
  })

  // `script` gives a pseudo-terminal; its flags differ elsewhere.
  test.skipIf(process.platform !== 'linux').each([
    ['acme/vpc/aws 1.2.0\r', 0, ['GET', 'DELETE']],
    ['yes\r', 1, ['GET']],
  ])('asks on a terminal for the reason and the name: %j', async (answer, expected, methods) => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, ROUTES)
    const { code } = await home.runOnTerminal(['module', 'yank', 'acme/vpc/aws', '1.2.0', '--server', url], {
      answers: [
        ['Reason: ', 'Wrong\r'],
        ['Type acme/vpc/aws 1.2.0 to go on: ', answer],
      ],
    })
    expect(code).toBe(expected)
    expect(requests.map(({ method }) => method)).toEqual(methods)
  })
})

describe('module delete', () => {
  const VERSIONS = {
    items: [
      { version: '1.2.0', state: 'published' },
      { version: '1.1.0', state: 'deleted' },
    ],
  }
  const ROUTES = { [`GET ${BASE}/versions`]: { json: VERSIONS }, [`DELETE ${BASE}`]: { status: 204 } }
  const remove = (...args: string[]) => terrace(ROUTES, 'delete', ...args)

  test('goes on under --force, with the reason', async () => {
    const { code, stderr, requests } = await remove('acme/vpc/aws', '--reason', 'Moved', '--force')
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^Withdrawn acme\/vpc\/aws with 1 versions; /) })
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'DELETE'])
    expect(JSON.parse(String(requests[1]?.body))).toEqual({ reason: 'Moved' })
  })

  test.each([
    [['acme/vpc/aws', '--reason', 'x'], 2, 'Use --force'],
    [['acme/vpc/aws', '--force'], 2, 'Use --reason'],
    [['acme/vpc/aws', '--dry-run'], 0, 'Would withdraw acme/vpc/aws with 1 versions: 1.2.0. Nothing was changed'],
  ])('%j changes nothing', async (args, expected, text) => {
    const { code, stderr, requests } = await remove(...args)
    expect({ code, stderr }).toEqual({ code: expected, stderr: expect.stringContaining(text) })
    expect(requests.map(({ method }) => method)).toEqual(['GET'])
  })
})
