import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  binaryNamePattern,
  expectedPackageFilename,
  formatShasums,
  parseShasums,
  type ShasumsProblemKind,
  shasumsFilename,
  signatureFilename,
} from './shasums.ts'

const HEX = 'ab'.repeat(32)
const OTHER_HEX = 'cd'.repeat(32)
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('parseShasums', () => {
  // protocol.md 3.5, first row of the table: all of these install.
  test.each([
    ['two blanks', `${HEX}  a.zip\n`],
    ['one blank', `${HEX} a.zip\n`],
    ['a tab', `${HEX}\ta.zip\n`],
    ['CRLF', `${HEX}  a.zip\r\n`],
    ['upper-case hex', `${HEX.toUpperCase()}  a.zip\n`],
    ['no final newline', `${HEX}  a.zip`],
    ['words after the name', `${HEX}  a.zip signed by me\n`],
  ])('%s is read without a problem', (_, text) => {
    const { checksums, problems } = parseShasums(encode(text))
    expect(checksums.get('a.zip')).toBe(HEX)
    expect(problems).toEqual([])
  })

  test.each<[string, string, { kind: ShasumsProblemKind; line: number }]>([
    ['a blank line in between', `${HEX}  a.zip\n\n${HEX}  b.zip\n`, { kind: 'blank_line', line: 2 }],
    ['a blank line at the end', `${HEX}  a.zip\n\n`, { kind: 'blank_line', line: 2 }],
    ['a blank line at the start', `\n${HEX}  a.zip\n`, { kind: 'blank_line', line: 1 }],
    ['a line of blanks', `${HEX}  a.zip\n \t\r\n`, { kind: 'blank_line', line: 2 }],
    ['a comment', `# sums\n${HEX}  a.zip\n`, { kind: 'not_a_checksum', line: 1 }],
    ['a line of one word', `${HEX}  a.zip\n${HEX}\n`, { kind: 'not_a_checksum', line: 2 }],
    ['a BSD style line', `${HEX}  a.zip\nSHA256 (b.zip) = ${HEX}\n`, { kind: 'not_a_checksum', line: 2 }],
    ['a short checksum', `${HEX}  a.zip\n${HEX.slice(1)}  b.zip\n`, { kind: 'not_a_checksum', line: 2 }],
    ['a star before the name', `${HEX}  a.zip\n${HEX} *b.zip\n`, { kind: 'star_name', line: 2 }],
    ['a path before the name', `${HEX}  a.zip\n${HEX}  ./b.zip\n`, { kind: 'dot_name', line: 2 }],
    ['a name that is there twice', `${HEX}  a.zip\n${OTHER_HEX}  a.zip\n`, { kind: 'duplicate', line: 2 }],
  ])('%s is a problem, the other lines count', (_, text, problem) => {
    const { checksums, problems } = parseShasums(encode(text))
    expect(problems).toMatchObject([problem])
    expect(checksums.get('a.zip')).toBe(HEX)
  })

  // protocol.md C30.star: Terraform looks the name up as it is written.
  test('a starred or dotted name is not found under its plain name', () => {
    const { checksums } = parseShasums(encode(`${HEX} *a.zip\n${HEX}  ./b.zip\n`))
    expect([...checksums.keys()]).toEqual(['*a.zip', './b.zip'])
  })

  test('an empty document is a problem', () => {
    expect(parseShasums(new Uint8Array()).problems.map(({ kind }) => kind)).toEqual(['empty'])
  })

  test('bytes that are no text are a problem, not an exception', () => {
    expect(parseShasums(new Uint8Array([0xff, 0xfe, 0x0a])).problems.map(({ kind }) => kind)).toEqual(['not_text'])
  })

  test('a byte order mark spoils its line', () => {
    expect(parseShasums(encode(`\uFEFF${HEX}  a.zip\n`)).problems.map(({ kind }) => kind)).toEqual(['not_a_checksum'])
  })

  test('a file called like a property of every object is an ordinary file', () => {
    expect(parseShasums(encode('')).checksums.get('constructor')).toBeUndefined()
    expect(parseShasums(encode(`${HEX}  __proto__\n`)).checksums.get('__proto__')).toBe(HEX)
  })

  test('no bytes make it throw, and every line is either a checksum or a problem', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: fc.constantFrom('a', '0', ' ', '\n', '*', './') }).map(encode),
    )
    fc.assert(
      fc.property(bytes, (content) => {
        const { checksums, problems } = parseShasums(content)
        expect(checksums.size + problems.length).toBeGreaterThan(0)
      }),
    )
  })
})

describe('formatShasums', () => {
  test('entries are sorted by name, two blanks apart, one newline each', () => {
    const text = formatShasums([
      ['b.zip', OTHER_HEX],
      ['a.zip', HEX.toUpperCase()],
    ])
    expect(text).toBe(`${HEX}  a.zip\n${OTHER_HEX}  b.zip\n`)
  })

  test('no entries give an empty document', () => {
    expect(formatShasums([])).toBe('')
  })

  test.each(['', 'a b', '*a', './a', 'a/b', '../a', 'a\nb', 'é.zip'])('the name %j is refused', (name) => {
    expect(() => formatShasums([[name, HEX]])).toThrow(TypeError)
  })

  test('a bad digest and a repeated name are refused', () => {
    expect(() => formatShasums([['a.zip', 'abc']])).toThrow('its digest is not 64 hex digits')
    expect(() =>
      formatShasums([
        ['a.zip', HEX],
        ['a.zip', HEX],
      ]),
    ).toThrow('it is there twice')
  })

  test('what is written is read back without a problem', () => {
    const name = fc.stringMatching(/^[0-9A-Za-z][0-9A-Za-z._+-]{0,30}$/)
    const hex = fc.stringMatching(/^[0-9a-f]{64}$/)
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, hex), { selector: ([text]) => text, minLength: 1 }), (entries) => {
        const { checksums, problems } = parseShasums(encode(formatShasums(entries)))
        expect(problems).toEqual([])
        expect(checksums).toEqual(new Map(entries))
        expect([...checksums.keys()]).toEqual(entries.map(([text]) => text).sort())
      }),
    )
  })
})

test('the files of a version have the names of the public registries', () => {
  const name = { type: 'null', version: '3.1.0', os: 'linux', arch: 'amd64' } as const
  expect(expectedPackageFilename(name)).toBe('terraform-provider-null_3.1.0_linux_amd64.zip')
  expect(shasumsFilename(name)).toBe('terraform-provider-null_3.1.0_SHA256SUMS')
  expect(signatureFilename(name)).toBe('terraform-provider-null_3.1.0_SHA256SUMS.sig')
})

describe('binaryNamePattern', () => {
  // protocol.md 3.7, C80, C80b, C80c.
  test.each(['terraform-provider-foo', 'terraform-provider-foo_v1.0.0_x5', 'terraform-provider-foo.exe', 'terraform-provider-foo_'])(
    '%s is the binary of foo',
    (name) => {
      expect(binaryNamePattern('foo').test(name)).toBe(true)
    },
  )

  test.each([
    'terraform-provider-foobar',
    'terraform-provider-foo-bar_v1',
    'bin/terraform-provider-foo',
    'terraform-provider-foo_/x',
    'Terraform-provider-foo',
    'terraform-provider-foo/',
    'README.md',
  ])('%s is not', (name) => {
    expect(binaryNamePattern('foo').test(name)).toBe(false)
  })
})
