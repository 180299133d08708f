import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { ARCHITECTURES, formatPlatform, OPERATING_SYSTEMS, Platform, parsePlatform, platformDisplayName, toPlatform } from './platforms.ts'

describe('parsePlatform', () => {
  test('every known platform is read back from its text', () => {
    for (const os of OPERATING_SYSTEMS) {
      for (const arch of ARCHITECTURES) {
        expect(parsePlatform(formatPlatform({ os, arch }))).toEqual({ os, arch })
        expect(Value.Check(Platform, { os, arch })).toBe(true)
      }
    }
  })

  // requirements.md PUB-10: fixed lists, case sensitive, empty refused.
  test.each([
    '',
    '_',
    'linux',
    'linux_',
    '_amd64',
    'Linux_amd64',
    'linux_AMD64',
    'linux_amd64_v1',
    ' linux_amd64',
    'linux-amd64',
    'plan9_amd64',
  ])('%j is no platform', (text) => {
    expect(parsePlatform(text)).toBeUndefined()
  })
})

test('two known names make a platform', () => {
  expect(toPlatform('darwin', 'arm64')).toEqual({ os: 'darwin', arch: 'arm64' })
})

test.each([
  ['', 'amd64'],
  ['linux', ''],
  ['linux', 'x86_64'],
  ['constructor', 'amd64'],
])('%j and %j make no platform', (os, arch) => {
  expect(toPlatform(os, arch)).toBeUndefined()
})

test('the schema refuses unknown names', () => {
  expect(Value.Check(Platform, { os: 'linux', arch: 'x86_64' })).toBe(false)
})

test('the display name has the name of the system that people know', () => {
  expect(platformDisplayName({ os: 'darwin', arch: 'arm64' })).toBe('macOS arm64')
})
