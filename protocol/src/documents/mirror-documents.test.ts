import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { MirrorIndexDocument, MirrorVersionDocument } from './mirror-documents.ts'

// The example of protocol.md 4.4.
const ARCHIVE = {
  url: 'terraform-provider-foo_1.0.0_linux_amd64.zip',
  hashes: ['h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs=', 'zh:cf2ca3269f8c062ee73f0d372355b089039a9a85f2c1d7dccaf770c172f6c252'],
}

describe('MirrorIndexDocument', () => {
  test('versions are the keys of empty objects', () => {
    expect(Value.Check(MirrorIndexDocument, { versions: { '1.0.0': {}, '1.1.0-rc.1': {} } })).toBe(true)
    expect(Value.Check(MirrorIndexDocument, { versions: {} })).toBe(true)
  })

  // protocol.md D20b to D20g.
  test.each([true, []])('%j is no value for a version', (value) => {
    expect(Value.Check(MirrorIndexDocument, { versions: { '1.0.0': value } })).toBe(false)
  })
})

describe('MirrorVersionDocument', () => {
  test('the example of the protocol fits', () => {
    expect(Value.Check(MirrorVersionDocument, { archives: { linux_amd64: ARCHIVE } })).toBe(true)
  })

  // protocol.md D04c.
  test('no archives are an empty object', () => {
    expect(Value.Check(MirrorVersionDocument, { archives: {} })).toBe(true)
    expect(Value.Check(MirrorVersionDocument, { archives: null })).toBe(false)
  })

  // protocol.md D15f: Terraform crashes on it.
  test('a null archive does not fit', () => {
    expect(Value.Check(MirrorVersionDocument, { archives: { linux_amd64: null } })).toBe(false)
  })

  // protocol.md D12g to D12i: clients refuse them or never match them.
  test.each(['abc', `zh:${'AB'.repeat(32)}`, 'h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs'])('the hash %j does not fit', (hash) => {
    expect(Value.Check(MirrorVersionDocument, { archives: { linux_amd64: { ...ARCHIVE, hashes: [hash] } } })).toBe(false)
  })
})
