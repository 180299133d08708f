import fc from 'fast-check'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import {
  AddressError,
  displayHostname,
  formatProviderAddress,
  ProviderAddress,
  parseHostname,
  parseProviderAddress,
  parseProviderPathParts,
} from './addresses.ts'

function reasonOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof AddressError) return error.reason
    throw error
  }
  return 'no error'
}

describe('parseProviderAddress', () => {
  test.each([
    ['hashicorp/aws', 'registry.terraform.io/hashicorp/aws'],
    ['null', 'registry.terraform.io/hashicorp/null'],
    ['registry.opentofu.org/acme/widget', 'registry.opentofu.org/acme/widget'],
    // protocol.md C68: addresses are lower-cased before use.
    ['Registry.Example.COM/Acme/Widget-X', 'registry.example.com/acme/widget-x'],
    ['localhost/acme/widget', 'localhost/acme/widget'],
    ['registry.example.com:443/acme/widget', 'registry.example.com/acme/widget'],
    ['192.0.2.1/acme/widget', '192.0.2.1/acme/widget'],
    ['r---1.example.com/9/a-1', 'r---1.example.com/9/a-1'],
    // protocol.md D24: on the wire the Punycode form is used.
    ['CAFÉ.example.com/acme/widget', 'xn--caf-dma.example.com/acme/widget'],
    ['xn--caf-dma.example.com/acme/widget', 'xn--caf-dma.example.com/acme/widget'],
  ])('%s is %s', (text, canonical) => {
    expect(formatProviderAddress(parseProviderAddress(text))).toBe(canonical)
  })

  test('the default host can be set', () => {
    expect(parseProviderAddress('acme/widget', { defaultHostname: 'registry.opentofu.org' }).hostname).toBe('registry.opentofu.org')
  })

  // protocol.md 3.1: the one-part form names a provider of the public registry, whatever the default for others is.
  test('a lone type stays on registry.terraform.io when another default host is set', () => {
    expect(parseProviderAddress('null', { defaultHostname: 'registry.example.com' }).hostname).toBe('registry.terraform.io')
  })

  test.each([
    ['', 'TYPE is empty'],
    ['acme/', 'TYPE is empty'],
    ['/widget', 'NAMESPACE is empty'],
    ['registry.example.com//widget', 'NAMESPACE is empty'],
    ['/acme/widget', '"" is not a host name'],
    ['a/b/c/d', 'it has 4 parts, not [HOST/]NAMESPACE/TYPE'],
    ['https://registry.example.com/acme/widget', 'it is a URL, not [HOST/]NAMESPACE/TYPE'],
    ['acme/wid_get', 'TYPE may have only letters a-z, digits and dashes'],
    ['ac.me/widget', 'NAMESPACE may have only letters a-z, digits and dashes'],
    ['açme/widget', 'NAMESPACE may have only letters a-z, digits and dashes'],
    ['acme/widget\n', 'TYPE may have only letters a-z, digits and dashes'],
    ['acme/..', 'TYPE may have only letters a-z, digits and dashes'],
    ['acme/wid--get', 'TYPE may have only single dashes between letters or digits'],
    ['-acme/widget', 'NAMESPACE may have only single dashes between letters or digits'],
    ['acme/widget-', 'TYPE may have only single dashes between letters or digits'],
    [`acme/${'x'.repeat(65)}`, 'TYPE is longer than 64 characters'],
    // protocol.md F27.
    ['acme/terraform-widget', 'TYPE must not begin with "terraform-"; did you mean "widget"?'],
    ['acme/Terraform-Provider-Widget', 'TYPE must not begin with "terraform-"; did you mean "widget"?'],
    // protocol.md D18.
    ['registry.example.com:8443/acme/widget', 'a host with a port is not supported, because no mirror can serve it'],
  ])('%j is refused: %s', (text, reason) => {
    expect(reasonOf(() => parseProviderAddress(text))).toBe(reason)
  })

  // The Kelvin sign and the dotless i turn into ASCII letters when lower- or upper-cased.
  test.each(['acme/\u212Aube', 'acme/w\u0131dget', 'acme/ｗidget'])('the look-alike %j is refused', (text) => {
    expect(() => parseProviderAddress(text)).toThrow(AddressError)
  })

  test('the message names the address and the reason', () => {
    expect(() => parseProviderAddress('acme/a_b')).toThrow(
      'Cannot read provider address "acme/a_b": TYPE may have only letters a-z, digits and dashes',
    )
  })

  test('a canonical address is read back unchanged, in upper case too', () => {
    const part = fc.stringMatching(/^[0-9a-z]{1,8}(-[0-9a-z]{1,8}){0,3}$/).filter((text) => !text.startsWith('terraform-'))
    const hostname = fc.domain().map((name) => name.toLowerCase())
    fc.assert(
      fc.property(hostname, part, part, (host, namespace, type) => {
        const address = { hostname: host, namespace, type }
        expect(parseProviderAddress(formatProviderAddress(address))).toEqual(address)
        expect(parseProviderAddress(formatProviderAddress(address).toUpperCase())).toEqual(address)
      }),
    )
  })

  test('whatever is accepted is canonical and fits the schema', () => {
    const unit = fc.constantFrom(...'aZ0-._/:é%@ K。ｅ٣')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 14 }), (text) => {
        let address: ProviderAddress
        try {
          address = parseProviderAddress(`h${text}.com/acme/widget`)
        } catch (error) {
          expect(error).toBeInstanceOf(AddressError)
          return
        }
        expect(Value.Check(ProviderAddress, address)).toBe(true)
        expect(parseProviderAddress(formatProviderAddress(address))).toEqual(address)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('parseProviderPathParts', () => {
  test('parts of a mirror path are put into canonical form', () => {
    expect(parseProviderPathParts({ hostname: 'Café.example.com', namespace: 'Acme', type: 'Widget' })).toEqual({
      hostname: 'xn--caf-dma.example.com',
      namespace: 'acme',
      type: 'widget',
    })
  })

  test('parts without a host get the default one', () => {
    expect(parseProviderPathParts({ namespace: 'acme', type: 'widget' }, { defaultHostname: 'registry.example.com' }).hostname).toBe(
      'registry.example.com',
    )
  })

  test('a decoded slash inside a part is refused', () => {
    expect(() => parseProviderPathParts({ namespace: 'acme/evil', type: 'widget' })).toThrow(AddressError)
  })
})

describe('parseHostname', () => {
  test.each([
    '',
    '.',
    'a..b',
    'example.com.',
    '-a.com',
    'a-.com',
    'a_b.com',
    'user@example.com',
    'example.com/x',
    'example.com\\x',
    'example.com?x',
    'example.com#x',
    'ex%61mple.com',
    'exa mple.com',
    'exa\tmple.com',
    '[::1]',
    'xn--a',
    'xn--a-.com',
    '*.example.com',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(127)}com`,
  ])('%j is refused', (text) => {
    expect(() => parseHostname(text)).toThrow(AddressError)
  })

  // Security: the URL parser expands short and hexadecimal IPv4 forms; a name in a rule must be the one that is contacted.
  test.each(['127.1', '0x7f.0.0.1', '2130706433', '１２７.0.0.1', '①27。0.0.1'])('the disguised IPv4 address %j is refused', (text) => {
    expect(() => parseHostname(text)).toThrow(AddressError)
  })

  test('a bad port is not taken for port 443', () => {
    expect(() => parseHostname('example.com:')).toThrow('a host with a port is not supported')
  })
})

describe('displayHostname', () => {
  test('Punycode labels are shown in Unicode, others as they are', () => {
    expect(displayHostname('xn--caf-dma.example.com')).toBe('café.example.com')
    expect(displayHostname('registry.terraform.io')).toBe('registry.terraform.io')
  })

  // A label that decodes to something else than it is encoded from could imitate another host.
  test('a label that does not survive a round trip is left alone', () => {
    expect(displayHostname('xn--abc-.example.com')).toBe('xn--abc-.example.com')
    expect(displayHostname('xn--!!.example.com')).toBe('xn--!!.example.com')
  })

  test('the shown form is read back as the same host', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abéüшжя中文αβ'), minLength: 1, maxLength: 10 }), (label) => {
        const hostname = parseHostname(`${label}.example.com`)
        expect(parseHostname(displayHostname(hostname))).toBe(hostname)
      }),
    )
  })
})
