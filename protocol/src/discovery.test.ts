import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { DiscoveryDocument, DiscoveryError, resolveServiceUrl, UpstreamDiscoveryDocument } from './discovery.ts'

const DOCUMENT_URL = 'https://registry.example.com/.well-known/terraform.json'
const resolve = (value: unknown): string => resolveServiceUrl({ 'providers.v1': value }, 'providers.v1', DOCUMENT_URL)

describe('resolveServiceUrl', () => {
  test.each([
    ['/v1/providers/', 'https://registry.example.com/v1/providers/'],
    ['v1/', 'https://registry.example.com/.well-known/v1/'],
    ['https://api.example.net:8443/p/', 'https://api.example.net:8443/p/'],
    // protocol.md A25: plain http is accepted.
    ['http://api.example.net/p/', 'http://api.example.net/p/'],
    // protocol.md 1.5, A37.
    ['/v1/providers/?key=1#top', 'https://registry.example.com/v1/providers/'],
    // protocol.md A02.
    ['/v1/providers', 'https://registry.example.com/v1/providers'],
  ])('%s is %s', (value, url) => {
    expect(resolve(value)).toBe(url)
  })

  test.each([
    [undefined, 'the host does not offer it'],
    [null, 'the host does not offer it'],
    [{}, 'the host does not offer it'],
    ['', 'the host does not offer it'],
    ['https://', 'its value is not a URL'],
    ['ftp://example.com/', '"ftp:" is not http or https'],
    ['javascript:alert(1)', '"javascript:" is not http or https'],
    ['https://user@example.com/', 'its URL has a user name or password'],
    ['//:secret@example.com/', 'its URL has a user name or password'],
  ])('%j is refused: %s', (value, reason) => {
    expect(() => resolve(value)).toThrow(DiscoveryError)
    expect(() => resolve(value)).toThrow(reason)
  })

  test.each(['https://user:hunter2@example.com/', 'https://user:hunter2@exa mple.com/'])(
    'the password in %j stays out of the message',
    (value) => {
      let message = ''
      try {
        resolve(value)
      } catch (error) {
        message = String(error)
      }
      expect(message).toContain('Cannot use service "providers.v1"')
      expect(message).not.toContain('hunter2')
    },
  )

  test('a property of every object is no service', () => {
    expect(() => resolveServiceUrl({}, 'constructor', DOCUMENT_URL)).toThrow(DiscoveryError)
  })
})

test('an upstream may offer services of any shape, but in one JSON object', () => {
  expect(Value.Check(UpstreamDiscoveryDocument, { 'providers.v1': '/p/', 'login.v1': { client: 'x' }, 'motd.v1': null })).toBe(true)
  expect(Value.Check(UpstreamDiscoveryDocument, [])).toBe(false)
  expect(Value.Check(UpstreamDiscoveryDocument, null)).toBe(false)
})

test('our own service URLs end in a slash', () => {
  expect(Value.Check(DiscoveryDocument, { 'modules.v1': '/v1/modules/', 'providers.v1': '/v1/providers/' })).toBe(true)
  expect(Value.Check(DiscoveryDocument, { 'modules.v1': '/v1/modules/', 'providers.v1': '/v1/providers' })).toBe(false)
})
