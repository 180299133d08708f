import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AddressError } from './addresses.ts'
import { formatModuleAddress, moduleKey, parseModuleAddress } from './module-addresses.ts'

describe('a module address', () => {
  test('is read in three parts and keeps its case', () => {
    expect(parseModuleAddress('Acme/Net_work-1/aws')).toEqual({ namespace: 'Acme', name: 'Net_work-1', system: 'aws' })
  })

  test.each([
    ['acme/net', 'it has 2 parts, not NAMESPACE/NAME/SYSTEM'],
    ['host.example/acme/net/aws', 'it has 4 parts, not NAMESPACE/NAME/SYSTEM'],
    ['-acme/net/aws', 'the namespace is not 1 to 64 letters, digits, "-" and "_" that begin and end with a letter or digit'],
    ['acme/net_/aws', 'the name is not 1 to 64 letters, digits, "-" and "_" that begin and end with a letter or digit'],
    ['acme/net/AWS', 'the system is not 1 to 64 lower-case letters and digits'],
    [`${'a'.repeat(65)}/net/aws`, 'the namespace is not 1 to 64 letters, digits, "-" and "_" that begin and end with a letter or digit'],
    ['acme/ne..t/aws', 'the name is not 1 to 64 letters, digits, "-" and "_" that begin and end with a letter or digit'],
  ])('%j is refused with its reason', (text, reason) => {
    expect(() => parseModuleAddress(text)).toThrow(expect.objectContaining({ reason }) as AddressError)
  })

  // protocol.md M-7: look-up ignores case.
  test('of two spellings has one key', () => {
    expect(moduleKey(parseModuleAddress('ACME/Net/aws'))).toEqual(moduleKey(parseModuleAddress('acme/net/aws')))
  })

  test('that is read is written the same way', () => {
    const name = fc.stringMatching(/^[0-9A-Za-z][0-9A-Za-z_-]{0,62}[0-9A-Za-z]$/)
    fc.assert(
      fc.property(name, name, fc.stringMatching(/^[0-9a-z]{1,64}$/), (namespace, part, system) => {
        const text = `${namespace}/${part}/${system}`
        expect(formatModuleAddress(parseModuleAddress(text))).toBe(text)
      }),
    )
  })
})
