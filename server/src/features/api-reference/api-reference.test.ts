import { describe, expect, test } from 'vitest'
import { openTestEdge } from '../../testing/test-edge.ts'
import { apiReferenceRoutes } from './index.ts'

const NONCE = /'nonce-([^']+)'/

function openReference() {
  return openTestEdge((app) => app.register(apiReferenceRoutes()))
}

async function openPage() {
  const { request } = openReference()
  const response = await request('/api-docs/')
  const policy = String(response.headers['content-security-policy'])
  return { response, policy, nonce: NONCE.exec(policy)?.[1] ?? '', request }
}

describe('API reference', () => {
  // requirements.md SEC-19
  test('runs only scripts with the nonce of the answer', async () => {
    const { response, policy, nonce } = await openPage()
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(policy).toContain(`default-src 'none'; script-src 'nonce-${nonce}';`)
    const scripts = response.body.match(/<script[^>]*>/g) ?? []
    expect(scripts).toHaveLength(2)
    for (const script of scripts) expect(script).toContain(`nonce="${nonce}"`)
  })

  test('has another nonce in every answer, which no cache keeps', async () => {
    const { nonce, request, response } = await openPage()
    const next = await request('/api-docs/')
    expect(nonce).toMatch(/^[A-Za-z0-9+/]{24}$/)
    expect(next.headers['content-security-policy']).not.toContain(nonce)
    expect(next.body).not.toContain(nonce)
    expect(response.headers['cache-control']).toBe('no-store')
  })

  test('loads nothing from elsewhere', async () => {
    const { response } = await openPage()
    expect(response.body).not.toMatch(/(?:https?:)?\/\/[a-z]/i)
  })

  test.each([
    ['swagger-ui.css', 'text/css; charset=utf-8', '.swagger-ui'],
    ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8', 'SwaggerUIBundle'],
    ['favicon-32x32.png', 'image/png', 'PNG'],
  ])('serves its file %s', async (name, type, content) => {
    const { response: page, request } = await openPage()
    expect(page.body).toContain(`"${name}"`)
    const response = await request(`/api-docs/${name}`)
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, type])
    expect(response.body).toContain(content)
  })

  test.each(['package.json', '..%2fpackage.json', 'index.html', 'swagger-ui-bundle.js.map'])('does not serve %s', async (name) => {
    const { request } = openReference()
    expect((await request(`/api-docs/${name}`)).statusCode).toBe(404)
  })

  test('leads to its address with the slash, without the host that was asked for', async () => {
    const { request } = openReference()
    const response = await request({ url: '/api-docs', headers: { host: 'evil.example' } })
    expect([response.statusCode, response.headers.location]).toEqual([308, '/api-docs/'])
  })
})
