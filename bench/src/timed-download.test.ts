import { startLoopbackServer } from '@terrace/server/testing/loopback-server.ts'
import { expect, test } from 'vitest'
import { timeDownload } from './timed-download.ts'

test('a download is timed to its last byte', async () => {
  let sentAt = 0
  await using server = await startLoopbackServer((_request, response) => {
    response.writeHead(200, { 'content-length': 2_000_000 }).write(Buffer.alloc(1_000_000))
    response.end(Buffer.alloc(1_000_000), () => {
      sentAt = performance.now()
    })
  })
  const startedAt = performance.now()
  const tookMs = await timeDownload(`${server.url}/file?signature=x`)
  expect(sentAt).toBeGreaterThan(startedAt)
  expect(tookMs).toBeGreaterThan(0)
})

test('a download that ends early is no figure', async () => {
  await using server = await startLoopbackServer((_request, response) => {
    response.writeHead(200, { 'content-length': 2_000_000 }).write(Buffer.alloc(1_000_000), () => response.destroy())
  })
  await expect(timeDownload(server.url)).rejects.toThrow('ended early: 1000000 bytes are missing')
})

test('a refusal is no figure', async () => {
  await using server = await startLoopbackServer((_request, response) => response.writeHead(403).end('no'))
  await expect(timeDownload(server.url)).rejects.toThrow('HTTP/1.1 403')
})
