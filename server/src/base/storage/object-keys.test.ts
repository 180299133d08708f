import { describe, expect, test } from 'vitest'
import { providerPackageKey } from './object-keys.ts'

const ADDRESS = { hostname: 'registry.terraform.io', namespace: 'hashicorp', type: 'null' }
const PLATFORM = { os: 'linux', arch: 'amd64' } as const
const FILENAME = 'terraform-provider-null_3.1.0_linux_amd64.zip'

describe('providerPackageKey', () => {
  // requirements.md C20
  test('follows the documented layout', () => {
    expect(providerPackageKey(ADDRESS, '3.1.0', { platform: PLATFORM, filename: FILENAME })).toBe(
      'providers/registry.terraform.io/hashicorp/null/3.1.0/linux_amd64/terraform-provider-null_3.1.0_linux_amd64.zip',
    )
  })

  test('takes versions with pre-release and build parts', () => {
    const filename = 'terraform-provider-null_1.0.0-rc.1+b5_linux_amd64.zip'
    expect(providerPackageKey(ADDRESS, '1.0.0-rc.1+b5', { platform: PLATFORM, filename })).toContain(
      `/1.0.0-rc.1+b5/linux_amd64/${filename}`,
    )
  })

  // reliability.md row 43: a name from an upstream never becomes a path.
  test.each(['../evil.zip', 'other.zip', 'terraform-provider-null_3.1.0_linux_amd64.zip.exe', '', FILENAME.toUpperCase()])(
    'refuses the file name %j',
    (filename) => {
      expect(() => providerPackageKey(ADDRESS, '3.1.0', { platform: PLATFORM, filename })).toThrow(TypeError)
    },
  )

  test.each([
    { ...ADDRESS, hostname: '..' },
    { ...ADDRESS, hostname: 'a/b' },
    { ...ADDRESS, namespace: '' },
    { ...ADDRESS, namespace: 'a\\b' },
  ])('refuses the address %j', (address) => {
    expect(() => providerPackageKey(address, '3.1.0', { platform: PLATFORM, filename: FILENAME })).toThrow(TypeError)
  })
})
