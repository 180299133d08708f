import { describe, expect, test } from 'vitest'
import { openTestEdge } from '../../testing/test-edge.ts'
import type { App } from './edge-types.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

function routes(app: App): void {
  app.get('/v1/fine', { config: { requires: 'public' } }, () => ({ fine: true }))
  app.get('/api/v1/fine', { config: { requires: 'public' } }, () => ({ fine: true }))
  app.get('/v1/broken', { config: { requires: 'public' } }, () => {
    throw new Error('broken')
  })
}

describe('security headers', () => {
  // requirements.md SEC-03: on every answer, errors included.
  test.each(['/v1/fine', '/v1/broken', '/nowhere', '/v1/%zz', '/api/v1/fine', '/openapi.json'])('are on the answer of %s', async (url) => {
    const { request } = openTestEdge(routes)
    expect((await request(url)).headers).toMatchObject(SECURITY_HEADERS)
  })

  test('name every header of the requirement', () => {
    expect(SECURITY_HEADERS).toMatchObject({
      'strict-transport-security': 'max-age=31536000',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'x-xss-protection': '0',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'referrer-policy': 'no-referrer',
      'permissions-policy': expect.stringContaining('camera=()'),
    })
  })

  // requirements.md PRT-26.
  test('answers of the API are never cached', async () => {
    const { request } = openTestEdge(routes)
    expect((await request('/api/v1/fine')).headers['cache-control']).toBe('no-store')
  })

  test('no answer names the software behind it', async () => {
    const { request } = openTestEdge(routes)
    const { headers } = await request('/v1/fine')
    expect([headers.server, headers['x-powered-by']]).toEqual([undefined, undefined])
  })

  // reliability.md row 31.
  test.each(['a b', 'x\u001b[31m', '', 'x'.repeat(65), '"quoted"'])('the request id %j is replaced', async (given) => {
    const { request } = openTestEdge(routes)
    const id = (await request({ url: '/v1/fine', headers: { 'x-request-id': given } })).headers['x-request-id']
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-/)
  })

  test('a harmless request id is kept', async () => {
    const { request } = openTestEdge(routes)
    const response = await request({ url: '/v1/fine', headers: { 'x-request-id': 'build_42.step-1' } })
    expect(response.headers['x-request-id']).toBe('build_42.step-1')
  })
})
