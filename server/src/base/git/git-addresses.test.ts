import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openTestGit, type TestGitOptions } from '../../testing/git-client.ts'
import { type GitServer, hasGit, startGitServer, type TestRepository } from '../../testing/git-server.ts'

const DISCOVERY = '/info/refs?service=git-upload-pack'

/** Where git may connect to. reliability.md row 7: server-side requests, redirects, names that change their address */
describe.skipIf(!hasGit)('addresses of git (when skipped: apt-get install git)', () => {
  let server: GitServer
  let other: GitServer
  let repository: TestRepository
  let commit: string

  beforeAll(async () => {
    server = await startGitServer(['git.example'])
    other = await startGitServer(['git.example'])
    repository = server.createRepository('vpc.git')
    commit = repository.commit({ 'main.tf': '' })
  })
  afterEach(() => {
    server.intercept = undefined
    server.requests.length = 0
  })
  afterAll(async () => {
    await server.close()
    await other.close()
  })

  /** Asks for the default branch of a repository of the server. */
  const resolve = (url: string, options: TestGitOptions = {}) =>
    openTestGit(options).git.resolveRef({ url, caFile: server.caFile }, undefined, { timeoutMs: 10_000 })

  const namedUrl = () => `https://git.example:${server.port}/vpc.git`

  /** Answers every request below the path with a redirect. */
  function redirect(path: string, location: string): void {
    server.intercept = (request, response) => {
      if (request.url?.startsWith(path) !== true) return false
      response.writeHead(302, { location }).end()
      return true
    }
  }

  test.each([
    '10.0.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '[::1]',
    '[::ffff:169.254.169.254]',
    '0',
    '2130706433',
    '0xa9fea9fe',
  ])('%s is not asked', async (host) => {
    const before = server.connectionCount()
    await expect(resolve(`https://${host}:${server.port}/vpc.git`, { allowedNetworks: [] })).rejects.toMatchObject({
      code: 'OUTBOUND_BLOCKED',
    })
    expect(server.connectionCount()).toBe(before)
  })

  test('a name with a private address is not asked', async () => {
    const before = server.connectionCount()
    await expect(resolve(`https://localhost:${server.port}/vpc.git`, { allowedNetworks: [] })).rejects.toMatchObject({
      code: 'OUTBOUND_BLOCKED',
    })
    expect(server.connectionCount()).toBe(before)
  })

  // No DNS knows the name: git gets there only by the address that was checked.
  test('git connects to the checked address and asks no DNS', async () => {
    const resolveAddresses = async () => [
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]
    expect(await resolve(namedUrl(), { resolveAddresses })).toBe(commit)
  })

  test('a name that changes its address between two looks is refused', async () => {
    let looks = 0
    const resolveAddresses = async () => [{ address: ++looks === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]
    await expect(resolve(namedUrl(), { resolveAddresses })).rejects.toMatchObject({ code: 'OUTBOUND_BLOCKED' })
    expect(server.requests).toEqual([`GET /vpc.git${DISCOVERY}`])
  })

  test('a redirect to where the repository is now is followed, and git asks there only', async () => {
    redirect('/old', `${repository.url}${DISCOVERY}`)
    expect(await resolve(`${server.url}/old`)).toBe(commit)
    expect(server.requests.filter((request) => request.includes('/old'))).toEqual([`GET /old${DISCOVERY}`])
  })

  test.each([
    ['a private address', () => `https://169.254.169.254/vpc.git${DISCOVERY}`, 'OUTBOUND_BLOCKED'],
    ['another private address', () => `https://127.0.0.2:${server.port}/vpc.git${DISCOVERY}`, 'OUTBOUND_BLOCKED'],
    ['http', () => `http://localhost:${server.port}/vpc.git${DISCOVERY}`, 'UPSTREAM_REFUSED'],
    ['a file', () => `file:///etc/passwd${DISCOVERY}`, 'UPSTREAM_REFUSED'],
    ['a program', () => `ext::sh -c touch${DISCOVERY}`, 'UPSTREAM_REFUSED'],
    ['a page', () => `${server.url}/a/page/that/is/longer/than/what/is/asked/of/git`, 'UPSTREAM_REFUSED'],
    ['a user', () => `https://user:password@localhost:${server.port}/vpc.git${DISCOVERY}`, 'UPSTREAM_REFUSED'],
    ['itself', () => `${server.url}/old${DISCOVERY}`, 'UPSTREAM_REFUSED'],
    ['nowhere', () => '', 'UPSTREAM_REFUSED'],
  ])('a redirect to %s is not followed', async (_name, location, code) => {
    redirect('/old', location())
    await expect(resolve(`${server.url}/old`)).rejects.toMatchObject({ code })
    expect(server.requests.every((request) => request.startsWith('GET /old'))).toBe(true)
  })

  test.each(['GET', 'POST'])('a redirect that only git sees (%s) is not followed', async (method) => {
    let asked = 0
    server.intercept = (request, response) => {
      if (request.method !== method || (method === 'GET' && ++asked === 1)) return false
      response.writeHead(302, { location: `${other.url}${request.url}` }).end()
      return true
    }
    await expect(resolve(repository.url)).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' })
    expect(other.connectionCount()).toBe(0)
  })

  // A server of the old kind could send git to other hosts by objects/info/http-alternates.
  test('a server without the protocol of Git is refused before git asks', async () => {
    server.intercept = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`${commit}\trefs/heads/main\n`)
      return true
    }
    await expect(resolve(repository.url)).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: expect.stringContaining('the answer is not one of a Git server'),
    })
    expect(server.requests).toEqual([`GET /vpc.git${DISCOVERY}`])
  })

  test('a certificate of an unknown CA is refused, by git as well', async () => {
    await expect(openTestGit().git.resolveRef({ url: repository.url }, undefined)).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: expect.stringContaining('certificate'),
    })
    // The first look meets the right server, git another one behind the same name.
    const resolveAddresses = async () => [{ address: '127.0.0.1', family: 4 }]
    const proxy = await startProxy((connections) => (connections === 1 ? server.port : other.port))
    await expect(resolve('https://git.example/vpc.git', { proxyUrl: proxy.url, resolveAddresses })).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      message: expect.stringContaining('its TLS certificate is not trusted'),
    })
  })

  test('a proxy gets every connection, with its password, which is in no list of processes', async () => {
    const proxy = await startProxy(() => server.port, 'canary')
    const { git, leftovers } = openTestGit({ proxyUrl: proxy.url, allowedNetworks: [] })
    const source = { url: 'https://git.example/vpc.git', caFile: server.caFile }
    expect(await git.resolveRef(source, undefined)).toBe(commit)
    await (await git.archiveCommit(source, commit)).discard()
    expect(new Set(proxy.asked)).toEqual(new Set(['git.example:443']))
    expect(proxy.asked.length).toBeGreaterThanOrEqual(3)
    expect(new Set(proxy.credentials)).toEqual(new Set([`Basic ${Buffer.from('user:canary').toString('base64')}`]))
    expect(leftovers()).toEqual({ files: [], processes: [] })
  })
})

interface TestProxy {
  readonly url: string
  /** Host and port of each tunnel. */
  readonly asked: string[]
  readonly credentials: string[]
}

/** A forward proxy that leads the nth tunnel to a port of this machine; it ends with the test. */
async function startProxy(portOf: (connections: number) => number, password?: string): Promise<TestProxy> {
  const asked: string[] = []
  const credentials: string[] = []
  const proxy = createServer()
  proxy.on('connect', (request, client, head) => {
    const credential = request.headers['proxy-authorization']
    if (password !== undefined && credential === undefined) {
      client.end('HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      return
    }
    asked.push(String(request.url))
    credentials.push(String(credential))
    const target = connect(portOf(asked.length), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.write(head)
      target.pipe(client).pipe(target)
    })
    for (const socket of [target, client]) socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  const { port } = proxy.address() as AddressInfo
  return { url: `http://${password === undefined ? '' : `user:${password}@`}127.0.0.1:${port}`, asked, credentials }
}
