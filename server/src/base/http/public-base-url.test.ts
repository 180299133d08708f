import { describe, expect, test } from 'vitest'
import { openTestEdge, type TestEdgeOptions } from '../../testing/test-edge.ts'
import { publicBaseUrl } from './public-base-url.ts'

/** The public base that a request with these headers sees; the client's address is 127.0.0.1. */
async function baseFor(headers: Record<string, string>, options: TestEdgeOptions = {}): Promise<string> {
  const { request } = openTestEdge((server) => {
    server.get('/base', { config: { requires: 'public' } }, (request) => ({ base: publicBaseUrl(request) }))
  }, options)
  return (await request({ url: '/base', headers })).json<{ base: string }>().base
}

const FORWARDED = { host: 'inner', 'x-forwarded-host': 'reg.example.com', 'x-forwarded-proto': 'https' }

describe('public base URL', () => {
  test('is the configured address, without a slash at the end', async () => {
    expect(await baseFor({ host: 'evil.example' }, { publicUrl: 'https://reg.example.com/' })).toBe('https://reg.example.com')
  })

  test('is what a trusted proxy says', async () => {
    expect(await baseFor(FORWARDED, { trustedProxies: ['127.0.0.0/8'] })).toBe('https://reg.example.com')
  })

  test('does not believe a proxy that is not trusted', async () => {
    expect(await baseFor(FORWARDED)).toBe('')
    expect(await baseFor(FORWARDED, { trustedProxies: ['10.0.0.0/8'] })).toBe('')
  })

  test('takes the last value, the one that the trusted proxy itself added', async () => {
    const headers = { ...FORWARDED, 'x-forwarded-host': 'evil.example, reg.example.com' }
    expect(await baseFor(headers, { trustedProxies: ['127.0.0.1'] })).toBe('https://reg.example.com')
  })

  test.each(['evil.example/path', 'a b', 'user@evil.example', 'x:99999999', '<script>', ''])(
    'refuses the forwarded host %j',
    async (host) => {
      expect(await baseFor({ ...FORWARDED, 'x-forwarded-host': host }, { trustedProxies: ['127.0.0.1'] })).toBe('')
    },
  )

  test.each(['gopher', '', 'javascript'])('refuses the forwarded scheme %j', async (scheme) => {
    expect(await baseFor({ ...FORWARDED, 'x-forwarded-proto': scheme }, { trustedProxies: ['127.0.0.1'] })).toBe('')
  })

  test.each(['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'LOCALHOST'])(
    'is the loopback name %s when the client used it',
    async (host) => {
      expect(await baseFor({ host })).toBe(`http://${host}`)
    },
  )

  // reliability.md row 36: a hostile Host never appears in an address that we hand out.
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '203.0.113.7', 'localhost@evil.example'])(
    'ignores the host %s',
    async (host) => {
      expect(await baseFor({ host })).toBe('')
    },
  )
})
