import { describe, expect, test } from 'vitest'
import { parseConstraints } from './constraints.ts'
import { formatLockConstraints, formatLockFile, type LockBlock, lockFileHeader } from './lock-file.ts'

const ZH = `zh:${'ab'.repeat(32)}`
const H1 = 'h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs='

const block = (change: Partial<LockBlock> = {}): LockBlock => ({
  hostname: 'registry.terraform.io',
  namespace: 'hashicorp',
  type: 'null',
  version: '3.2.4',
  constraints: '',
  hashes: [],
  ...change,
})

describe('formatLockFile', () => {
  // As terraform 1.11.4 has written it.
  test('writes a block with constraints and hashes as Terraform does', () => {
    expect(formatLockFile([block({ constraints: '~> 3.2', hashes: [ZH, H1, ZH] })])).toBe(
      [
        '# This file is maintained automatically by "terraform init".',
        '# Manual edits may be lost in future updates.',
        '',
        'provider "registry.terraform.io/hashicorp/null" {',
        '  version     = "3.2.4"',
        '  constraints = "~> 3.2"',
        '  hashes = [',
        `    "${H1}",`,
        `    "${ZH}",`,
        '  ]',
        '}',
        '',
      ].join('\n'),
    )
  })

  test('leaves out what there is none of', () => {
    expect(formatLockFile([block()], '')).toBe('\nprovider "registry.terraform.io/hashicorp/null" {\n  version = "3.2.4"\n}\n')
  })

  test('blocks stand in the order of host name, namespace and type', () => {
    const text = formatLockFile([
      block({ hostname: 'z.example.com' }),
      block({ type: 'random' }),
      block({ namespace: 'acme-x', type: 'a' }),
      block({ namespace: 'acme', type: 'z' }),
      block(),
    ])
    expect([...text.matchAll(/^provider "(.*)"/gm)].map((match) => match[1])).toEqual([
      'registry.terraform.io/acme/z',
      'registry.terraform.io/acme-x/a',
      'registry.terraform.io/hashicorp/null',
      'registry.terraform.io/hashicorp/random',
      'z.example.com/hashicorp/null',
    ])
  })

  // protocol.md 4.1 (F02): a lock file with Punycode is refused as "not normalized".
  test('host names are written in Unicode, and keep their port', () => {
    expect(formatLockFile([block({ hostname: 'xn--caf-dma.example.com' })])).toContain('"café.example.com/hashicorp/null"')
    expect(formatLockFile([block({ hostname: 'localhost:8443' })])).toContain('"localhost:8443/hashicorp/null"')
  })

  test('the header names the program', () => {
    expect(lockFileHeader('tofu')).toMatch(/^# This file is maintained automatically by "tofu init"\.\n/)
  })
})

// Each expectation is what terraform 1.11.4 has named as the normalized form.
describe('formatLockConstraints', () => {
  test.each([
    [
      '~> 1.0, ~> 1.0.0, ~> 1, = 1.0.0, != 1.0.0, > 1.0.0, >= 1.0.0, < 1.0.0, <= 1.0.0, 1.0.0',
      '> 1.0.0, >= 1.0.0, 1.0.0, ~> 1.0.0, ~> 1.0, <= 1.0.0, < 1.0.0, != 1.0.0',
    ],
    [
      '>= 2, >= 10, >= 1.2, <= 1.2.0-rc.1, < 1.2.0-beta.2, < 1.2.0-beta.10, = 1.2.0',
      '< 1.2.0-beta.2, < 1.2.0-beta.10, <= 1.2.0-rc.1, >= 1.2.0, 1.2.0, >= 2.0.0, >= 10.0.0',
    ],
    ['= 1.2.0+b1, = 1.2.0+a1, = 1.2.0, = 1.2.0-x', '1.2.0-x, 1.2.0, 1.2.0+a1, 1.2.0+b1'],
    ['~> 2, ~>3.1,>=4', '~> 2.0, ~> 3.1, >= 4.0.0'],
    ['!= 1, = 1', '1.0.0, != 1.0.0'],
    ['~> 1.0, ~> 1.0.0', '~> 1.0.0, ~> 1.0'],
    ['>= 2.0.0, >= 2.0.0', '>= 2.0.0'],
    ['~> 1.2.0-rc.1', '~> 1.2.0-rc.1'],
  ])('%s', (text, normalised) => {
    expect(formatLockConstraints(parseConstraints(text))).toBe(normalised)
  })
})
