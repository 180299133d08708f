import { connect } from 'node:net'
import { Agent, request } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createTestCertificates } from '../../testing/test-certificates.ts'
import { openTestEdge } from '../../testing/test-edge.ts'
import type { App } from './edge-types.ts'
import { drainAndClose, listen } from './listen.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }

/** A route that answers when it is told to. */
function slowRoute() {
  let release = () => {}
  let arrived = () => {}
  const started = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const register = (app: App) => {
    app.get('/v1/slow', { config: { requires: 'public' } }, async () => {
      arrived()
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return { finished: true }
    })
  }
  return { register, started, release: () => release() }
}

describe('listening', () => {
  test('a running request is finished while the server stops', async () => {
    const slow = slowRoute()
    const { app, lifecycle } = openTestEdge(slow.register)
    const { port } = await listen(app, LOOPBACK)
    const answer = request(`http://127.0.0.1:${port}/v1/slow`)
    await slow.started
    const closed = drainAndClose(app, { lifecycle, graceMs: 60_000 })
    slow.release()
    const { statusCode, body } = await answer
    expect([statusCode, await body.json()]).toEqual([200, { finished: true }])
    await closed
  })

  test('a request that outlives the grace is cut', async () => {
    const slow = slowRoute()
    const { app, lifecycle } = openTestEdge(slow.register)
    const { port } = await listen(app, LOOPBACK)
    const answer = request(`http://127.0.0.1:${port}/v1/slow`).catch((error: unknown) => error)
    await slow.started
    await drainAndClose(app, { lifecycle, graceMs: 1 })
    expect(await answer).toBeInstanceOf(Error)
  })

  test('the second listener speaks https and has the same routes', async () => {
    const certificates = await createTestCertificates()
    const { app, lifecycle } = openTestEdge((server) => {
      server.get('/v1/here', { config: { requires: 'public' } }, () => ({ here: true }))
    })
    const { localTlsPort } = await listen(app, { ...LOOPBACK, localTls: { port: 0, key: certificates.key, cert: certificates.cert } })
    const dispatcher = new Agent({ connect: { ca: certificates.ca } })
    onTestFinished(() => dispatcher.close())
    const { statusCode, headers, body } = await request(`https://localhost:${localTlsPort}/v1/here`, { dispatcher })
    expect([statusCode, await body.json()]).toEqual([200, { here: true }])
    // Else a browser would pin localhost to https on every port.
    expect(headers['strict-transport-security']).toBeUndefined()
    await drainAndClose(app, { lifecycle, graceMs: 1000 })
    await expect(request(`https://localhost:${localTlsPort}/v1/here`, { dispatcher })).rejects.toThrow()
  })

  test('a taken port is an error and leaves nothing open', async () => {
    const first = openTestEdge(() => {})
    const { port } = await listen(first.app, LOOPBACK)
    const second = openTestEdge(() => {})
    const localTls = { port, key: '', cert: '' }
    await expect(listen(second.app, { ...LOOPBACK, localTls })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(second.app.server.listening).toBe(false)
  })

  test('bytes that are not HTTP get a 400 with the security headers', async () => {
    const { app } = openTestEdge(() => {})
    const { port } = await listen(app, LOOPBACK)
    const text = await new Promise<string>((resolve, reject) => {
      let received = ''
      const socket = connect(port, '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'))
      socket.on('data', (chunk) => {
        received += chunk
      })
      socket.on('end', () => resolve(received))
      socket.on('error', reject)
    })
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(text).toContain('x-frame-options: DENY')
  })
})
