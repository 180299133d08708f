import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { takeLeave } from './take-leave.ts'

async function startServer() {
  const server = createServer((_request, response) => response.end('ok'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { server, ask: () => fetch(`http://127.0.0.1:${port}/`) }
}

test('a server that nobody asks is left soon', async () => {
  const { server } = await startServer()
  const start = performance.now()
  await takeLeave(server, { atMostMs: 10_000 })
  expect(performance.now() - start).toBeLessThan(5_000)
})

test('while somebody asks, it goes on, and every answer ends its connection', async () => {
  const { server, ask } = await startServer()
  let over = false
  const leave = takeLeave(server, { atMostMs: 600 }).then(() => {
    over = true
  })
  const start = performance.now()
  while (!over) expect((await ask()).headers.get('connection')).toBe('close')
  await leave
  expect(performance.now() - start).toBeGreaterThan(590)
})
