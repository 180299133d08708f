import { describe, expect, test } from 'vitest'
import { readProviderName, sourceAddress } from './provider-address.ts'

const SERVER = 'https://registry.example.com:8443'

describe('a provider on the command line', () => {
  test.each([
    ['acme/widget', { hostname: undefined, namespace: 'acme', type: 'widget', version: undefined }],
    ['Acme/Widget@v1.2.0', { hostname: undefined, namespace: 'acme', type: 'widget', version: '1.2.0' }],
    [
      'registry.terraform.io/acme/widget@1.2.0-rc.1',
      { hostname: 'registry.terraform.io', namespace: 'acme', type: 'widget', version: '1.2.0-rc.1' },
    ],
    ['registry.example.com:8443/acme/widget', { hostname: '_self', namespace: 'acme', type: 'widget', version: undefined }],
    ['_self/acme/widget', { hostname: '_self', namespace: 'acme', type: 'widget', version: undefined }],
    ['München.example/acme/widget', { hostname: 'xn--mnchen-3ya.example', namespace: 'acme', type: 'widget', version: undefined }],
  ])('%s', (text, expected) => {
    expect(readProviderName(text, SERVER)).toEqual(expected)
  })

  test.each(['widget', 'a/b/c/d', '/widget', 'acme/', 'acme/widget@', 'acme/widget@1@2', ''])('%j is refused', (text) => {
    expect(() => readProviderName(text, SERVER)).toThrow(`Cannot read provider "${text}"`)
  })
})

test('what is published here has the address of this server', () => {
  expect(sourceAddress({ hostname: '_self', namespace: 'acme', type: 'widget' }, SERVER)).toBe('registry.example.com:8443/acme/widget')
  expect(sourceAddress({ hostname: 'registry.terraform.io', namespace: 'a', type: 'b' }, SERVER)).toBe('registry.terraform.io/a/b')
})
