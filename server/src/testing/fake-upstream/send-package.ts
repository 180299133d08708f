import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Defects, FakePackage } from './fake-version.ts'

const SLOW_EVERY_MS = 20

/** Sends a package, with ranges, or as badly as the defects say. */
export function sendPackage(request: IncomingMessage, response: ServerResponse, item: { package: FakePackage; defects: Defects }): void {
  const { defects } = item
  const { body } = item.package
  const half = body.subarray(0, body.length >> 1)
  const length = { 'content-type': 'application/zip', 'content-length': body.length }
  if (defects.redirectTo !== undefined) response.writeHead(302, { location: defects.redirectTo }).end()
  else if (request.method === 'HEAD') response.writeHead(200, length).end()
  else if (defects.truncatedBody === true) sendUndelimited(response, half)
  else if (defects.withoutLength === true) sendUndelimited(response, body)
  else if (defects.shortBody === true) response.writeHead(200, length).write(half, () => response.destroy())
  else if (defects.stall === true) response.writeHead(200, length).write(half)
  else if (defects.slow === true) trickle(response.writeHead(200, length), body)
  else sendWhole(request, response, item.package)
}

/** The end of the connection is the end of the body: a reader cannot see whether something is missing. */
function sendUndelimited(response: ServerResponse, bytes: Buffer): void {
  response.socket?.write('HTTP/1.1 200 OK\r\ncontent-type: application/zip\r\nconnection: close\r\n\r\n')
  response.socket?.end(bytes)
}

function trickle(response: ServerResponse, body: Buffer): void {
  let sent = 0
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + 1))
    sent += 1
    if (sent === body.length) response.end()
  }, SLOW_EVERY_MS)
  response.on('close', () => clearInterval(timer))
}

function sendWhole(request: IncomingMessage, response: ServerResponse, { body, shasum }: FakePackage): void {
  const headers = { 'content-type': 'application/zip', 'accept-ranges': 'bytes', etag: `"${shasum}"` }
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN)
  if (Number.isNaN(start) || start >= body.length) {
    response.writeHead(200, { ...headers, 'content-length': body.length }).end(body)
    return
  }
  const range = `bytes ${start}-${body.length - 1}/${body.length}`
  response.writeHead(206, { ...headers, 'content-range': range, 'content-length': body.length - start }).end(body.subarray(start))
}
