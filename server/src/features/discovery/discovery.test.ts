import { describe, expect, test } from 'vitest'
import { openTestEdge } from '../../testing/test-edge.ts'
import { discoveryRoutes } from './index.ts'

const PATH = '/.well-known/terraform.json'

function openDiscovery(publicUrl = '', terraformLogin = false) {
  return openTestEdge((app) => app.register(discoveryRoutes({ config: { server: { publicUrl }, auth: { terraformLogin } } })))
}

describe('discovery', () => {
  // protocol.md D-1, D-6.
  test('is one JSON object without a byte order mark', async () => {
    const { request } = openDiscovery()
    const response = await request(PATH)
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'application/json'])
    expect(response.body).toBe('{"modules.v1":"/v1/modules/","providers.v1":"/v1/providers/"}')
    expect(response.headers['cache-control']).toBe('public, max-age=60')
  })

  // protocol.md D-2.
  test.each(['Bearer wrong', 'Basic AAAA', 'nonsense'])('is the same with the credential %j', async (authorization) => {
    const { request } = openDiscovery()
    const [plain, authorised] = [await request(PATH), await request({ url: PATH, headers: { authorization } })]
    expect([authorised.statusCode, authorised.body]).toEqual([200, plain.body])
  })

  // protocol.md D-3, D-5.
  test.each(['https://registry.example.com:8443', 'https://registry.example.com:8443/'])('is absolute below %s', async (publicUrl) => {
    const { request } = openDiscovery(publicUrl)
    expect((await request(PATH)).json()).toEqual({
      'modules.v1': 'https://registry.example.com:8443/v1/modules/',
      'providers.v1': 'https://registry.example.com:8443/v1/providers/',
    })
  })

  // protocol.md D-7, 5.1: the upper bound is exclusive, so `[a, a + 10]` gives ten ports.
  test('the login is announced where it is switched on', async () => {
    const { request } = openDiscovery('https://registry.example.com', true)
    expect((await request(PATH)).json()).toMatchObject({
      'login.v1': {
        client: 'terraform-cli',
        grant_types: ['authz_code'],
        authz: 'https://registry.example.com/oauth/authorize',
        token: 'https://registry.example.com/oauth/token',
        ports: [10_000, 10_010],
      },
    })
  })

  // reliability.md row 36.
  test('a hostile host never appears in it', async () => {
    const { request } = openDiscovery()
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    expect((await request({ url: PATH, headers })).body).not.toContain('evil')
  })

  // protocol.md 8.6: discovery stays up during maintenance, the CLI does not repeat it.
  test('answers while the server stops', async () => {
    const { request, lifecycle } = openDiscovery()
    lifecycle.markStopping()
    expect((await request(PATH)).statusCode).toBe(200)
  })

  // protocol.md R-1.
  test('HEAD and unknown query parameters are fine', async () => {
    const { request } = openDiscovery()
    const head = await request({ method: 'HEAD', url: `${PATH}?x=1` })
    expect([head.statusCode, head.headers['content-length'], head.body]).toEqual([200, '61', ''])
  })
})
