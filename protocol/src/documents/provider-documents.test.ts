import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import {
  ProviderPackageDocument,
  ProviderVersionsDocument,
  UpstreamPackageDocument,
  UpstreamVersionsDocument,
} from './provider-documents.ts'

// protocol.md 3.4, C02.minimal: the smallest document that Terraform accepts.
const SMALLEST_PACKAGE = {
  os: 'linux',
  arch: 'amd64',
  filename: 'terraform-provider-foo_1.0.0_linux_amd64.zip',
  download_url: './terraform-provider-foo_1.0.0_linux_amd64.zip',
  shasum: 'cf'.repeat(32),
  shasums_url: 'https://example.com/SHA256SUMS',
  shasums_signature_url: 'https://example.com/SHA256SUMS.sig',
  signing_keys: { gpg_public_keys: [{ ascii_armor: '-----BEGIN PGP PUBLIC KEY BLOCK-----' }] },
}

describe('UpstreamVersionsDocument', () => {
  test.each([
    [
      'a full list',
      { versions: [{ version: '1.0.0', protocols: ['5.0'], platforms: [{ os: 'linux', arch: 'amd64' }] }], warnings: ['old'] },
    ],
    // protocol.md C62, C63.
    ['a version alone', { versions: [{ version: '1.0.0' }] }],
    ['null for arrays', { versions: [{ version: '1.0.0', protocols: null, platforms: null }], warnings: null }],
    // protocol.md C67, C67b.
    ['an empty list', { versions: [] }],
    ['null for the list', { versions: null }],
    ['no list', {}],
    ['unknown keys', { id: 'acme/widget', versions: [{ version: '1.0.0', deprecated: true }] }],
    ['a version string that the reader has to skip', { versions: [{ version: 'v1.0.0' }] }],
  ])('%s is read', (_, document) => {
    expect(Value.Check(UpstreamVersionsDocument, document)).toBe(true)
  })

  test.each([
    ['an array', []],
    ['null', null],
    ['a list of strings', { versions: ['1.0.0'] }],
    ['an object for the list', { versions: {} }],
    ['a version that is a number', { versions: [{ version: 1 }] }],
    // protocol.md C67e.
    ['protocols that are numbers', { versions: [{ version: '1.0.0', protocols: [5] }] }],
  ])('%s is refused', (_, document) => {
    expect(Value.Check(UpstreamVersionsDocument, document)).toBe(false)
  })
})

describe('UpstreamPackageDocument', () => {
  test.each([
    ['the smallest document', {}],
    ['upper-case hex', { shasum: 'CF'.repeat(32) }],
    ['null for protocols', { protocols: null }],
    ['null among the keys', { signing_keys: { gpg_public_keys: [null, { ascii_armor: 'x', key_id: null, trust_signature: null }] } }],
    ['null for the keys', { signing_keys: { gpg_public_keys: null } }],
    ['unknown keys', { provider_id: 1 }],
  ])('%s is read', (_, change) => {
    expect(Value.Check(UpstreamPackageDocument, { ...SMALLEST_PACKAGE, ...change })).toBe(true)
  })

  // protocol.md 3.4: without these Terraform takes the document itself for the file, or stops.
  test.each(Object.keys(SMALLEST_PACKAGE))('a document without %s is refused', (key) => {
    expect(Value.Check(UpstreamPackageDocument, { ...SMALLEST_PACKAGE, [key]: undefined })).toBe(false)
  })

  test.each([
    ['an empty URL', { download_url: '' }],
    ['a short checksum', { shasum: 'cf' }],
    ['protocols that are numbers', { protocols: [5] }],
    ['a key without armor', { signing_keys: { gpg_public_keys: [{ key_id: 'x' }] } }],
  ])('%s is refused', (_, change) => {
    expect(Value.Check(UpstreamPackageDocument, { ...SMALLEST_PACKAGE, ...change })).toBe(false)
  })
})

test('what we send can be read as what an upstream sends', () => {
  const versions = { versions: [{ version: '1.0.0', protocols: ['5.0'], platforms: [{ os: 'linux', arch: 'amd64' }] }], warnings: ['text'] }
  const key = { key_id: '49497610CF4BF18E', ascii_armor: 'x', trust_signature: '', source: '', source_url: '' }
  const sent = { ...SMALLEST_PACKAGE, protocols: ['5.0'], signing_keys: { gpg_public_keys: [key] } }
  expect(Value.Check(ProviderVersionsDocument, versions)).toBe(true)
  expect(Value.Check(UpstreamVersionsDocument, versions)).toBe(true)
  expect(Value.Check(ProviderPackageDocument, sent)).toBe(true)
  expect(Value.Check(UpstreamPackageDocument, sent)).toBe(true)
})

// protocol.md C15c: Terraform crashes on it.
test('a null key is never sent', () => {
  const sent = { ...SMALLEST_PACKAGE, protocols: [], signing_keys: { gpg_public_keys: [null] } }
  expect(Value.Check(ProviderPackageDocument, sent)).toBe(false)
})
