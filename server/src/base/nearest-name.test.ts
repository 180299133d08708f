import { expect, test } from 'vitest'
import { nearestName } from './nearest-name.ts'

const KNOWN = ['server.port', 'server.tls_enabled', 'storage.local.path', 'TFR_SERVER_PORT']

test.each([
  ['server.prot', 'server.port'],
  ['server.Port', 'server.port'],
  ['sever.port', 'server.port'],
  ['tls_enabled', 'server.tls_enabled'],
  ['network.tls_enabled', 'server.tls_enabled'],
  ['TFR_SERVER_PROT', 'TFR_SERVER_PORT'],
])('the name nearest to %s is %s', (unknown, nearest) => {
  expect(nearestName(unknown, KNOWN)).toBe(nearest)
})

test('nothing is suggested for a name that is far from all', () => {
  expect(nearestName('cache.ttl', KNOWN)).toBeUndefined()
})
