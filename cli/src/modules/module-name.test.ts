import { describe, expect, test } from 'vitest'
import { nameOf, readModuleName, readModuleVersionName, sourceRefusal } from './module-name.ts'

const SERVER = 'https://registry.example.com:8443'

describe('a module on the command line', () => {
  test.each([
    ['acme/vpc/aws', undefined, 'acme/vpc/aws'],
    ['Acme/vpc/aws', '1.2.0', 'Acme/vpc/aws 1.2.0'],
    ['acme/vpc/aws@v1.2', undefined, 'acme/vpc/aws 1.2.0'],
    ['registry.example.com:8443/acme/vpc/aws', 'v1.2.0-rc.1', 'acme/vpc/aws 1.2.0-rc.1'],
  ])('%s %s', (text, version, expected) => {
    expect(nameOf(readModuleName(text, version, SERVER))).toBe(expected)
  })

  test.each([
    ['acme/vpc', undefined, 'Cannot read module "acme/vpc": it has 2 parts, not NAMESPACE/NAME/SYSTEM'],
    ['acme/vpc/aws//modules/x', undefined, 'Cannot read module "acme/vpc/aws//modules/x": it has 6 parts'],
    ['acme/vpc/AWS', undefined, 'Cannot read module "acme/vpc/AWS": the system is not'],
    ['other.example.com/acme/vpc/aws', undefined, 'it is not on https://registry.example.com:8443'],
    ['acme/vpc/aws@1.0.0', '1.0.0', 'a version is named twice'],
    ['acme/vpc/aws@1.0.0@2', undefined, 'a version is named twice'],
    ['acme/vpc/aws', 'latest', 'Cannot read version "latest": it is not a semantic version'],
  ])('%s %s is refused', (text, version, message) => {
    expect(() => readModuleName(text, version, SERVER)).toThrow(message)
  })

  test('a command about one version says that it is missing', () => {
    expect(() => readModuleVersionName('acme/vpc/aws', undefined, SERVER)).toThrow(
      'Cannot choose a version of "acme/vpc/aws": none is named',
    )
  })
})

// protocol.md B90
describe('why Terraform refuses a source', () => {
  test.each([
    ['https://registry.example.com', undefined],
    ['https://127.0.0.1:8443', undefined],
    ['https://localhost:8443', 'the host name "localhost:8443" has no dot'],
    ['http://localhost:8080', 'the host name "localhost:8080" has no dot'],
    ['https://[::1]:8443', 'the host name "[::1]:8443" has no dot'],
    ['http://registry.example.com', '"registry.example.com" is an http address, and Terraform asks by https only'],
  ])('%s: %s', (serverUrl, expected) => {
    expect(sourceRefusal(serverUrl)).toBe(expected)
  })
})
