import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { RegistryError } from '../../base/errors.ts'
import { closeHclParser } from '../../base/hcl/parse-hcl.ts'
import { parseDefinition } from './index.ts'

afterAll(closeHclParser)

async function refusal(body: string, filename = 'providers.hcl'): Promise<RegistryError> {
  const error = await parseDefinition(body, filename).catch((thrown: unknown) => thrown)
  if (error instanceof RegistryError) return error
  throw new TypeError('the definition was read')
}

/** Problems of a file with one block, in which `versions` is right unless the text sets it. */
async function problemsOf(attributes: string, label = 'hashicorp/aws'): Promise<unknown> {
  const versions = attributes.includes('versions') ? '' : 'versions = ["1.0.0"]'
  const { detail } = await refusal(`provider "${label}" {\n${versions}\n${attributes}\n}\n`)
  return (detail as { problems: { problem: string }[] }).problems.map(({ problem }) => problem)
}

describe('definitions', () => {
  // Issue text: constraint operators of Terraform, platforms default to all.
  test('versions and platforms of a provider are read', async () => {
    const body =
      'provider "hashicorp/aws" {\n  versions = ["5.31.0", "~> 5.0", ">= 5.1, < 6"]\n  platforms = ["linux_amd64", "darwin_arm64"]\n}\n'
    const { providers } = await parseDefinition(body, 'a.hcl')
    expect(providers).toHaveLength(1)
    expect(providers[0]).toMatchObject({
      address: { hostname: 'registry.terraform.io', namespace: 'hashicorp', type: 'aws' },
      versions: [
        { text: '5.31.0', exact: '5.31.0', constraints: [{ operator: '=' }] },
        { text: '~> 5.0', exact: undefined, constraints: [{ operator: '~>' }] },
        { text: '>= 5.1, < 6', exact: undefined, constraints: [{ operator: '>=' }, { operator: '<' }] },
      ],
      platforms: [
        { os: 'linux', arch: 'amd64' },
        { os: 'darwin', arch: 'arm64' },
      ],
    })
  })

  test.each([
    ['5.31', '5.31.0'],
    ['= 5.31.0', '5.31.0'],
    ['=5.31.0-rc.1', '5.31.0-rc.1'],
    ['!= 5.31.0', undefined],
    ['= 5.31.0, != 5.30.0', undefined],
  ])('the version "%s" names exactly %s', async (text, exact) => {
    const { providers } = await parseDefinition(`provider "a/b" {\n  versions = ["${text}"]\n}\n`, 'a.hcl')
    expect(providers[0]?.versions[0]?.exact).toBe(exact)
  })

  test('without platforms all are wanted', async () => {
    const { providers } = await parseDefinition('provider "a/b" {\n  versions = ["1.0.0"]\n}\n', 'a.hcl')
    expect(providers[0]?.platforms).toBe('all')
  })

  test('architectures is another word for platforms', async () => {
    const { providers } = await parseDefinition('provider "a/b" {\n  versions = ["1.0.0"]\n  architectures = ["linux_arm64"]\n}\n', 'a.hcl')
    expect(providers[0]?.platforms).toEqual([{ os: 'linux', arch: 'arm64' }])
  })

  test('addresses are canonical and sorted', async () => {
    const block = (label: string) => `provider "${label}" {\n  versions = ["1.0.0"]\n}\n`
    const { providers } = await parseDefinition([block('Zeta/Null'), block('Bücher.example/acme/widget'), block('null')].join(''), 'a.hcl')
    expect(providers.map(({ address }) => Object.values(address).join('/'))).toEqual([
      'registry.terraform.io/hashicorp/null',
      'registry.terraform.io/zeta/null',
      'xn--bcher-kva.example/acme/widget',
    ])
  })
})

describe('problems inside a block', () => {
  test.each([
    ['version = ["1.0.0"]', ['unknown attribute "version", did you mean "versions"?']],
    ['source = "x"', ['unknown attribute "source"']],
    ['lifecycle {\n}', ['unknown attribute "lifecycle"']],
    ['versions = []', ['"versions" is empty']],
    ['versions = "1.0.0"', ['"versions" must be a list of texts']],
    ['versions = [1.0]', ['"versions" must be a list of texts']],
    ['versions = null', ['"versions" must be a list of texts']],
    ['versions = ["v1.0.0"]', ['"versions" holds "v1.0.0": "v1.0.0" must not have a "v" before the version']],
    ['versions = ["=> 1.0"]', ['"versions" holds "=> 1.0": "=>" is not an operator; did you mean ">="?']],
    ['versions = ["1.0.0", "1.0.0"]', ['"versions" holds "1.0.0" twice']],
    ['versions = ["1.0", "= 1.0.0"]', ['"versions" holds "= 1.0.0", which means the same as "1.0"']],
    ['platforms = []', ['"platforms" is empty']],
    ['platforms = ["linux-amd64"]', ['"platforms" holds "linux-amd64", which is no platform; did you mean "linux_amd64"?']],
    ['architectures = ["amd64"]', ['"architectures" holds "amd64", which is no platform; write OS_ARCH, for example "linux_amd64"']],
    ['platforms = ["Linux_amd64"]', ['"platforms" holds "Linux_amd64", which is no platform; did you mean "linux_amd64"?']],
    ['platforms = ["linux_amd64", "linux_amd64"]', ['"platforms" holds "linux_amd64" twice']],
    ['platforms = ["linux_amd64"]\narchitectures = ["linux_amd64"]', ['"platforms" and "architectures" mean the same, keep one']],
  ])('%s', async (attributes, problems) => {
    expect(await problemsOf(attributes)).toEqual(problems)
  })

  test.each([
    ['hashicorp/aws_beta', 'TYPE may have only letters a-z, digits and dashes'],
    ['a/b/c/d', 'it has 4 parts, not [HOST/]NAMESPACE/TYPE'],
    ['example.com:8443/a/b', 'a host with a port is not supported, because no mirror can serve it'],
    ['', 'TYPE is empty'],
  ])('the address "%s" is refused', async (label, reason) => {
    expect(await problemsOf('', label)).toEqual([`the address cannot be read: ${reason}`])
  })

  test('a block without versions is refused', async () => {
    const { message } = await refusal('provider "a/b" {}\n')
    expect(message).toContain('provider "a/b": "versions" is missing, for example versions = ["1.2.3", "~> 2.0"]')
  })
})

describe('problems of the file', () => {
  test('all problems are told at once, each with its block', async () => {
    const error = await refusal(
      'provider "a/b" {\n  versions = ["abc"]\n  platform = []\n}\nprovider "a/c_d" {\n  versions = ["1.0.0"]\n}\nproviders "a/e" {}\nsize = 1\n',
    )
    expect(error).toMatchObject({ code: 'INVALID_DEFINITION', status: 400, hint: expect.stringContaining('nothing of it was loaded') })
    expect(error.detail).toEqual({
      count: 5,
      problems: [
        { problem: 'unknown name "providers", did you mean "provider"?' },
        { problem: 'unknown name "size", only provider blocks can stand here' },
        { provider: 'a/b', problem: 'unknown attribute "platform", did you mean "platforms"?' },
        { provider: 'a/b', problem: '"versions" holds "abc": "abc" is not a version' },
        { provider: 'a/c_d', problem: 'the address cannot be read: TYPE may have only letters a-z, digits and dashes' },
      ],
    })
    expect(error.message).toMatch(/^Cannot read definition "providers\.hcl": unknown name "providers", .*; provider "a\/c_d": /)
  })

  test.each([
    ['provider "a/b" {\n  versions = ["1.0"]\n}\nprovider "a/b" {\n  versions = ["2.0"]\n}\n', 'provider "a/b": it stands more than once'],
    [
      'provider "a/b" {\n  versions = ["1.0"]\n}\nprovider "registry.terraform.io/A/b" {\n  versions = ["2.0"]\n}\n',
      'provider "registry.terraform.io/A/b": it is the same provider as "a/b"',
    ],
    ['provider {\n  versions = ["1.0"]\n}\n', 'a provider block has no address, write provider "NAMESPACE/TYPE" { … }'],
    ['provider "a" "b" {\n}\n', 'provider "a": it must be a block with one label, provider "NAMESPACE/TYPE" { … }'],
    [
      'provider = {\n  "a/b" = {\n    versions = ["1.0"]\n  }\n}\n',
      'provider "a/b": it must be a block with one label, provider "NAMESPACE/TYPE" { … }',
    ],
    ['# nothing\n', 'there is no provider block in it'],
  ])('%j', async (body, state) => {
    expect((await refusal(body)).message).toBe(`Cannot read definition "providers.hcl": ${state}`)
  })

  // Issue text: a syntax error names line and column.
  test('a syntax error names line and column, in the message and as data', async () => {
    const error = await refusal('provider "a/b" {\n  versions = ["1.0" "2.0"]\n}\n')
    expect(error.code).toBe('INVALID_DEFINITION')
    expect(error.message).toBe(
      'Cannot read definition "providers.hcl" at line 2, column 21: Missing item separator. Expected a comma to mark the beginning of the next item',
    )
    expect(error.detail).toMatchObject({ line: 2, column: 21 })
  })

  test('an expression is refused with its place', async () => {
    const error = await refusal('provider "a/b" {\n  versions = [var.version]\n}\n')
    expect(error.message).toBe(
      'Cannot read definition "providers.hcl" at line 2, column 15: Expression not allowed. Only plain values can stand in "provider.a/b.versions"',
    )
  })

  test('a text that would cost too much is refused as a wrong one', async () => {
    const error = await refusal(`a = ${'['.repeat(100_000)}`)
    expect(error).toMatchObject({
      code: 'INVALID_DEFINITION',
      message: 'Cannot read definition "providers.hcl": the text is nested too deeply',
    })
  })

  test('the message stays short for a file full of problems', async () => {
    const blocks = Array.from({ length: 500 }, (_, index) => `provider "${'x'.repeat(1000)}/${index}" {}\n`)
    const error = await refusal(blocks.join(''), 'n'.repeat(5000))
    expect(error.message.length).toBeLessThan(10_000)
    expect(error.message).toMatch(/; and 980 more$/)
    expect(error.detail?.count).toBe(1000)
  })

  // Whatever is uploaded is the uploader's mistake, never a fault of the server.
  test('any text is either read or refused as a definition', async () => {
    const label = fc.oneof(fc.constantFrom('a/b', 'b/c', ''), fc.string())
    const value = fc.oneof(fc.json(), fc.constantFrom('["1.0.0"]', '["linux_amd64"]', '{}', '[[]]', 'null'))
    const attribute = fc.tuple(fc.constantFrom('versions', 'platforms', 'architectures', 'x', '__proto__', 'constructor'), value)
    const block = fc.tuple(label, fc.array(attribute)).map(([name, attributes]) => {
      const lines = attributes.map(([key, content]) => `  ${key} = ${content}\n`)
      return `provider ${JSON.stringify(name)} {\n${lines.join('')}}\n`
    })
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(block).map((blocks) => blocks.join('')),
    )
    await fc.assert(
      fc.asyncProperty(text, async (body) => {
        const outcome = await parseDefinition(body, 'a.hcl').catch((error: unknown) => error)
        expect(outcome instanceof RegistryError ? outcome.code : 'INVALID_DEFINITION').toBe('INVALID_DEFINITION')
        expect(outcome instanceof Error && !(outcome instanceof RegistryError)).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  test('control characters of the text do not reach the message', async () => {
    const error = await refusal('provider "a/\\u001b[31mb" {\n  versions = ["\\n1"]\n}\n')
    expect(error.message).not.toMatch(/\p{Cc}/u)
  })
})
