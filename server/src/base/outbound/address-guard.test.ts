import { describe, expect, test } from 'vitest'
import { createAddressGuard, isNetwork } from './address-guard.ts'

const guard = createAddressGuard([])

describe('address guard', () => {
  // reliability.md row 7: SSRF by upstream address.
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.7',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.9',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:7f00:0001',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '',
    'localhost',
    '127.1',
  ])('refuses %s', (address) => {
    expect(guard.allows(address)).toBe(false)
  })

  test.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    'allows the public address %s',
    (address) => {
      expect(guard.allows(address)).toBe(true)
    },
  )

  test('an allowed network opens just that network, also in its v4-mapped form', () => {
    const opened = createAddressGuard(['127.0.0.0/8', 'fd00::/8', '10.9.8.7'])
    expect(['127.0.0.1', '::ffff:127.0.0.1', 'fd12::1', '10.9.8.7'].map(opened.allows)).toEqual([true, true, true, true])
    expect(['10.9.8.8', '::1', 'fe80::1', '169.254.169.254'].map(opened.allows)).toEqual([false, false, false, false])
  })

  test.each(['10.0.0.0/33', '10.0.0/8', 'example.com', '', '10.0.0.0/8/8', 'fd00::/129', '10.0.0.0/-1'])('"%s" is no network', (text) => {
    expect(isNetwork(text)).toBe(false)
    expect(() => createAddressGuard([text])).toThrow(TypeError)
  })
})
