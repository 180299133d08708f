import { describe, expect, test } from 'vitest'
import { openTestEdge } from '../../../testing/test-edge.ts'
import { RegistryError } from '../../errors.ts'

const open = (error: Error) =>
  openTestEdge((app) => {
    app.get('/page', { config: { requires: 'public', errorFormat: 'page' } }, () => {
      throw error
    })
  })

describe('a failure as a page', () => {
  test('says what happened, what to do and how it is found in the log', async () => {
    const error = new RegistryError('RATE_LIMITED', 'Cannot open "<b>": too many', { hint: 'Wait', retryAfterSeconds: 3 })
    const response = await open(error).request('/page')
    const { headers, body } = response
    expect([response.statusCode, headers['content-type'], headers['retry-after']]).toEqual([429, 'text/html; charset=utf-8', '3'])
    expect(body).toContain('<h1>Too many requests</h1>\n<p>Cannot open &quot;&lt;b&gt;&quot;: too many.</p>\n<p>Wait.</p>')
    expect(body).toContain(`<code>${headers['x-request-id']}</code>`)
  })

  test('has its own policy, and is kept by nobody', async () => {
    const { headers } = await open(new RegistryError('NOT_READY', 'Cannot open: not ready')).request('/page')
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect([headers['cache-control'], headers['x-frame-options']]).toEqual(['no-store', 'DENY'])
  })

  test('tells nothing of the inside', async () => {
    const response = await open(new Error('canary')).request('/page')
    expect([response.statusCode, response.body.includes('canary')]).toEqual([500, false])
  })
})
