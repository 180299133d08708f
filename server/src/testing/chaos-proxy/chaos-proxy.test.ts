import { Agent, get, type IncomingMessage } from 'node:http'
import { get as getTls } from 'node:https'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startLoopbackServer } from '../loopback-server.ts'
import { createTestCertificates } from '../test-certificates.ts'
import { type ChaosProxy, startChaosProxy, type Toxic } from './chaos-proxy.ts'

const BODY = Buffer.alloc(20_000, 'terrace ')

interface Seen {
  /** `complete`, `incomplete`, or the code with which the request failed. */
  readonly outcome: string
  readonly body: Buffer
  readonly ms: number
}

/** One request by a plain client that waits for so long. */
function ask(url: string, { waitMs = 10_000, agent = new Agent() } = {}): Promise<Seen> {
  const startedAt = performance.now()
  const parts: Buffer[] = []
  return new Promise((resolve) => {
    const see = (outcome: string) => resolve({ outcome, body: Buffer.concat(parts), ms: performance.now() - startedAt })
    const request = get(url, { agent, timeout: waitMs }, (response: IncomingMessage) => {
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => see(response.complete ? 'complete' : 'incomplete'))
      response.on('error', () => see('incomplete'))
    })
    request.on('timeout', () => {
      see('nothing')
      request.destroy()
    })
    request.on('error', (error: NodeJS.ErrnoException) => see(error.code ?? error.message))
  })
}

describe('a chaos proxy', () => {
  let proxy: ChaosProxy
  beforeAll(async () => {
    const server = await startLoopbackServer((request, response) => {
      if (request.url === '/undelimited') response.socket?.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${BODY}`)
      else response.writeHead(200, { 'content-length': BODY.length }).end(BODY)
    })
    proxy = await startChaosProxy(server.port)
    return async () => {
      await proxy.close()
      await server.close()
    }
  })

  test('passes everything on unharmed, also over a kept connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    for (let turn = 0; turn < 2; turn++) {
      expect(await ask(`${proxy.url}/file`, { agent })).toMatchObject({ outcome: 'complete', body: BODY })
    }
  })

  test.each<[Toxic, string]>([
    [{ kind: 'refuse' }, 'ECONNRESET'],
    [{ kind: 'reset' }, 'ECONNRESET'],
    [{ kind: 'reset', afterBytes: 5_000 }, 'incomplete'],
    [{ kind: 'cutAfter', bytes: 5_000 }, 'incomplete'],
    [{ kind: 'latency', ms: 1 }, 'complete'],
    [{ kind: 'slow', bytesPerSecond: 2_000_000 }, 'complete'],
    [{ kind: 'corruptAt', byte: 9_000 }, 'complete'],
  ])('%o ends as %s', async (toxic, outcome) => {
    await proxy.poison(toxic)
    expect(await ask(`${proxy.url}/file`)).toMatchObject({ outcome })
  })

  test('a cut body without a length is complete to a plain client', async () => {
    await proxy.poison({ kind: 'cutAfter', bytes: 5_000 })
    const { outcome, body } = await ask(`${proxy.url}/undelimited`)
    expect([outcome, body.length < BODY.length, body.length > 0]).toEqual(['complete', true, true])
  })

  test('a stall keeps the connection open and sends no more', async () => {
    await proxy.poison({ kind: 'stall', afterBytes: 5_000 })
    const { outcome, body } = await ask(`${proxy.url}/file`, { waitMs: 300 })
    expect([outcome, body.length < 5_000, body.length > 0]).toEqual(['nothing', true, true])
  })

  test('exactly one bit is changed', async () => {
    await proxy.poison({ kind: 'corruptAt', byte: 9_000 })
    const { body } = await ask(`${proxy.url}/file`)
    const changed = [...body.keys()].filter((index) => body[index] !== BODY[index])
    expect(changed.map((index) => (body[index] ?? 0) ^ (BODY[index] ?? 0))).toEqual([1])
  })

  test('late and slow answers take their time', async () => {
    await proxy.poison({ kind: 'latency', ms: 150 })
    expect((await ask(`${proxy.url}/file`)).ms).toBeGreaterThan(145)
    await proxy.inject({ kind: 'slow', bytesPerSecond: 100_000 })
    expect((await ask(`${proxy.url}/file`)).ms).toBeGreaterThan(190)
  })

  test('what is meant for some requests leaves the others alone, on the same connection too', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    await proxy.poison({ kind: 'cutAfter', bytes: 5_000, when: /^GET \/bad/ })
    expect(await ask(`${proxy.url}/good`, { agent })).toMatchObject({ outcome: 'complete' })
    expect(await ask(`${proxy.url}/bad`, { agent })).toMatchObject({ outcome: 'incomplete' })
    expect(await ask(`${proxy.url}/good`, { agent })).toMatchObject({ outcome: 'complete' })
    expect(proxy.hits()).toBe(1)
  })

  test('a toxic with a number of times is over after them', async () => {
    await proxy.poison({ kind: 'refuse', times: 2 })
    const outcomes = [await ask(`${proxy.url}/1`), await ask(`${proxy.url}/2`), await ask(`${proxy.url}/3`)]
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['ECONNRESET', 'ECONNRESET', 'complete'])
  })

  test('a kept connection does not outlive the injection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    await ask(`${proxy.url}/file`, { agent })
    await proxy.poison({ kind: 'corruptAt', byte: 9_000 })
    await vi.waitFor(async () => expect((await ask(`${proxy.url}/file`, { agent })).outcome).toBe('complete'), 5_000)
  })

  // A toxic that never fires has proved nothing.
  test.fails('a test whose toxic does nothing fails', async () => {
    await proxy.poison({ kind: 'corruptAt', byte: 1_000_000_000 })
  })

  test('TLS passes through, and a changed bit in it breaks the connection', async () => {
    const { ca, ...tls } = await createTestCertificates()
    const server = await startLoopbackServer((_request, response) => response.end(BODY), tls)
    onTestFinished(server.close)
    const line = await startChaosProxy(server.port)
    onTestFinished(line.close)
    const status = () =>
      new Promise<unknown>((resolve) => {
        const request = getTls({ host: '127.0.0.1', port: line.port, ca, servername: 'localhost', agent: false }, (response) => {
          response
            .on('error', () => resolve('broken'))
            .on('end', () => resolve(response.statusCode))
            .resume()
        })
        request.on('error', () => resolve('broken'))
      })
    expect(await status()).toBe(200)
    await line.poison({ kind: 'corruptAt', byte: 10_000 })
    expect(await status()).toBe('broken')
  })
})
