import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packModule } from '../../testing/pack-module.ts'
import { analyseArchive } from './analyse-archive.ts'
import type { ModuleAnalysis, ModulePart } from './index.ts'

let folder = ''
let count = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'analyse-archive-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function analyse(files: Readonly<Record<string, string | Uint8Array>>, parseBudgetMs = 60_000): Promise<ModuleAnalysis> {
  count += 1
  const archivePath = join(folder, `${count}.tar.gz`)
  await writeFile(archivePath, packModule(files))
  return await analyseArchive({ archivePath, skip: new Map(), parseBudgetMs, onFile: () => undefined })
}

async function readRoot(text: string): Promise<ModulePart> {
  const { root, problems } = await analyse({ 'main.tf': text })
  expect(problems).toEqual([])
  return root
}

async function readInput(attributes: string) {
  return (await readRoot(`variable "x" {\n${attributes}\n}\n`)).inputs[0]
}

describe('types', () => {
  test.each([
    ['type = string', 'string'],
    ['type = "string"', 'string'],
    ['type = "list"', 'list'],
    ['type = list', 'list'],
    ['', 'any'],
    ['type = any # all', 'any'],
    ['type = object({ a = optional(string, "}") })', 'object({ a = optional(string, "}") })'],
    [
      '  type = object({\n    a = list(\n      string\n    )\n\n    b = bool\n  })',
      'object({\n  a = list(\n    string\n  )\n\n  b = bool\n})',
    ],
  ])('%j is shown as %j', async (attributes, type) => {
    expect(await readInput(attributes)).toMatchObject({ type })
  })
})

describe('defaults', () => {
  test.each([
    ['', null],
    ['default = null', 'null'],
    ['default = ""', '""'],
    ['default = -1.5', '-1.5'],
    ['default = { b = [1], "a c" = true }', '{"a c":true,"b":[1]}'],
    ['default = "$${a} %%{b}"', JSON.stringify(['$', '{a} %{b}'].join(''))],
    ['default = <<EOT\ntwo\nlines\nEOT', '"two\\nlines\\n"'],
    ['default = { __proto__ = 1 }', '{"__proto__":1}'],
    ['default = 60 * 60', '"$' + '{60 * 60}"'],
  ])('%j gives %j', async (attributes, value) => {
    expect(await readInput(attributes)).toMatchObject({ default: value, required: value === null })
  })
})

describe('variables', () => {
  test('that say nothing are required, nullable and neither sensitive nor ephemeral', async () => {
    expect(await readInput('')).toEqual({
      name: 'x',
      type: 'any',
      description: '',
      default: null,
      required: true,
      sensitive: false,
      nullable: true,
      ephemeral: false,
      validation: [],
    })
  })

  test('keep expressions of validations as they were written', async () => {
    const attributes = 'validation {\n  condition = can(regex("^[{}\\"$${]", "a$' + '{var.x}b"))\n  error_message = "no $' + '{var.x}"\n}'
    expect((await readInput(attributes))?.validation).toEqual([
      { condition: 'can(regex("^[{}\\"$${]", "a$' + '{var.x}b"))', error_message: 'no $' + '{var.x}' },
    ])
  })

  test('that are declared twice are a problem, and the first one counts', async () => {
    const { root, problems } = await analyse({ 'a.tf': 'variable "x" {\n  type = bool\n}\n', 'b.tf': 'variable "x" {}\n' })
    expect(root.inputs.map(({ type }) => type)).toEqual(['bool'])
    expect(problems).toEqual([{ path: '', message: 'It has more than one variable "x", the first one counts' }])
  })

  test('named like the prototype are variables like any other', async () => {
    const { inputs } = await readRoot('variable "__proto__" {\n  type = bool\n}\nvariable "constructor" {}\n')
    expect(inputs.map(({ name }) => name)).toEqual(['__proto__', 'constructor'])
  })
})

describe('providers', () => {
  const providersOf = async (text: string) =>
    (await readRoot(text)).required_providers.map(({ name, source, version }) => [name, source, version].join(' '))

  test.each([
    ['terraform {\n  required_providers {\n    x = { source = "acme/x" }\n  }\n}', ['x registry.terraform.io/acme/x ']],
    ['terraform {\n  required_providers {\n    x = { source = "Reg.example.com/Acme/x" }\n  }\n}', ['x reg.example.com/acme/x ']],
    ['terraform {\n  required_providers {\n    x = { source = "not an address" }\n  }\n}', ['x not an address ']],
    ['terraform {\n  required_providers {\n    x = "~> 1.0"\n  }\n}', ['x registry.terraform.io/hashicorp/x ~> 1.0']],
    ['provider "aws" {\n  version = "~> 2.0"\n}\nprovider "aws" {\n  alias = "b"\n}', ['aws registry.terraform.io/hashicorp/aws ~> 2.0']],
    ['resource "aws_vpc" "x" {\n  provider = other.b\n}', ['other registry.terraform.io/hashicorp/other ']],
    [
      'resource "aws_vpc" "x" {}\ndata "http" "y" {}',
      ['aws registry.terraform.io/hashicorp/aws ', 'http registry.terraform.io/hashicorp/http '],
    ],
    ['resource "terraform_data" "x" {}', []],
    ['check "up" {\n  data "http" "y" {}\n}', ['http registry.terraform.io/hashicorp/http ']],
  ])('of %j', async (text, expected) => {
    expect(await providersOf(text)).toEqual(expected)
  })

  test('that are declared in two blocks are put together', async () => {
    const block = (text: string) => `terraform {\n  required_providers {\n    ${text}\n  }\n}\n`
    const text = block('x = { source = "acme/x" }') + block('x = { version = ">= 1" }') + block('x = { version = "< 3" }')
    expect(await providersOf(text)).toEqual(['x registry.terraform.io/acme/x >= 1, < 3'])
  })

  test('and Terraform have their constraints', async () => {
    expect((await readRoot('terraform {\n  required_version = ">= 1.5"\n}\n')).required_version).toBe('>= 1.5')
    expect(await readRoot('terraform {}\n')).not.toHaveProperty('required_version')
  })
})

describe('files', () => {
  test('in JSON syntax are read like the others', async () => {
    const document = {
      '//': 'comment',
      variable: { a: { type: 'list(string)', default: ['$' + '{x}'] }, b: [{ description: 'B' }], '//': { type: 'bool' } },
      output: [{ o: { value: 1, sensitive: true } }],
      resource: { aws_vpc: { this: {} }, aws_subnet: [{ a: {} }, { b: {} }] },
      terraform: { required_providers: { aws: { source: 'acme/aws', version: '1.0.0' } } },
      module: { m: { source: './m' } },
    }
    const { root, problems } = await analyse({ 'main.tf.json': JSON.stringify(document) })
    expect(problems).toEqual([])
    expect(root.inputs).toMatchObject([
      { name: 'a', type: 'list(string)', required: false },
      { name: 'b', description: 'B', required: true },
    ])
    expect(root.outputs).toMatchObject([{ name: 'o', sensitive: true }])
    expect(root.resources.map(({ name }) => name)).toEqual(['a', 'b', 'this'])
    expect(root.required_providers).toMatchObject([{ source: 'registry.terraform.io/acme/aws', version: '1.0.0' }])
    expect(root.module_calls).toEqual([{ name: 'm', source: './m' }])
  })

  test('that override change arguments of the others', async () => {
    const { root } = await analyse({
      'a_override.tf':
        'variable "x" {\n  default = 2\n}\nterraform {\n  required_version = ">= 2"\n  required_providers {\n    p = { source = "acme/p" }\n  }\n}\n',
      'main.tf':
        'variable "x" {\n  type = number\n  default = 1\n}\nterraform {\n  required_version = ">= 1"\n  required_providers {\n    p = { source = "old/p", version = "1" }\n  }\n}\n',
    })
    expect(root.inputs).toMatchObject([{ type: 'number', default: '2' }])
    expect(root.required_version).toBe('>= 2')
    expect(root.required_providers).toMatchObject([{ source: 'registry.terraform.io/acme/p', version: '' }])
  })

  test('for OpenTofu are read where Terraform has none of the name', async () => {
    const { root } = await analyse({ 'a.tf': 'variable "a" {}', 'a.tofu': 'variable "other" {}', 'b.tofu': 'variable "b" {}' })
    expect(root.inputs.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('of deeper folders, hidden ones and other types are not read', async () => {
    const text = 'variable "x" {}'
    const names = ['.hidden.tf', 'src/main.tf', 'modules/main.tf', 'modules/a/b/main.tf', 'examples/a/b/main.tf', 'main.hcl', 'main.tf.bak']
    const { root, submodules, examples } = await analyse(Object.fromEntries(names.map((name) => [name, text])))
    expect({ empty: root.empty, submodules, examples }).toEqual({ empty: true, submodules: [], examples: [] })
  })

  test('with a long name are read', async () => {
    const name = `modules/${'n'.repeat(120)}/main.tf`
    const { submodules } = await analyse({ [name]: 'variable "x" {}', 'z.tf': '' })
    expect(submodules).toMatchObject([{ path: name.replace('/main.tf', ''), name: 'n'.repeat(120), inputs: [{ name: 'x' }] }])
  })

  test.each([
    ['main.tf', 'variable "x" {\n  type = )\n}\n', { line: 2, column: 10, message: expect.stringContaining('Invalid expression') }],
    ['main.tf', 'a = )\nb = )\n', { line: 1, message: expect.not.stringContaining('main.tf:2') }],
    [
      'main.tf.json',
      '{\n  "a": 1 "b"}\n',
      { line: 2, column: 10, message: expect.stringMatching(/^Invalid JSON: Expected .* at position 11$/) },
    ],
    ['main.tf.json', '{"a": }', { message: expect.stringContaining('Invalid JSON: Unexpected token') }],
    ['main.tf.json', '[1]', { message: 'The file is not a JSON object' }],
    ['main.tf', Buffer.from([0x61, 0xff]), { message: 'The file is not UTF-8' }],
    ['main.tf.json', `{"variable":${'{"a":'.repeat(200)}1${'}'.repeat(201)}`, { message: 'The file is nested too deeply' }],
    ['main.tf', '#'.repeat(600_000), { message: 'The file is not read, it has 600000 bytes and the limit is 524288' }],
  ])('%j that does not parse is told, and the others are read', async (name, text, problem) => {
    const { root, problems } = await analyse({ [name]: text, 'other.tf': 'variable "x" {}\n' })
    expect(problems).toEqual([expect.objectContaining({ path: name, ...problem })])
    expect(root.inputs).toHaveLength(1)
  })
})

describe('READMEs', () => {
  test.each([
    [['README', 'README.md', 'README.txt'], 'README.md'],
    [['README', 'README.txt'], 'README'],
    [['README.txt'], 'README.txt'],
    [['readme.md'], 'readme.md'],
    [['docs/README.md', 'README.rst', 'modules/README.md'], undefined],
  ])('of %j, %j is taken', async (names, expected) => {
    const { root } = await analyse({ ...Object.fromEntries(names.map((name) => [name, `this is ${name}`])), 'main.tf': '' })
    expect(root.readme).toEqual(expected && { path: expected, markdown: `this is ${expected}` })
  })

  test('are cut at 256 KiB, between characters, and hold no NUL', async () => {
    const { root, problems } = await analyse({ 'README.md': `\0a${'é'.repeat(200_000)}`, 'main.tf': '' })
    expect(root.readme?.markdown).toBe(`a${'é'.repeat(131_071)}`)
    expect(problems).toEqual([{ path: 'README.md', message: 'Only its first 262144 bytes are shown, it has 400002' }])
  })

  test.each<[string, Buffer]>([
    ['UTF-8 with a mark', Buffer.from('\ufeffGrüße')],
    ['UTF-16, as PowerShell writes it', Buffer.from('\ufeffGrüße', 'utf16le')],
  ])('are read in %s', async (_encoding, content) => {
    expect((await analyse({ 'README.md': content, 'main.tf': '' })).root.readme?.markdown).toBe('Grüße')
  })
})

describe('limits', () => {
  test('on the number of submodules are told', async () => {
    const files = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`modules/m${1000 + index}/main.tf`, '']))
    const { submodules, problems } = await analyse(files)
    expect(submodules).toHaveLength(200)
    expect(problems).toEqual([{ path: 'modules', message: 'Only the first 200 of its 201 folders are read' }])
  })

  test('on all configuration hold for examples, submodules and the root each', async () => {
    const big = `#${'x'.repeat(500_000)}\n`
    const examples = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`examples/e${index}/main.tf`, big]))
    const { root, problems } = await analyse({ ...examples, 'main.tf': 'variable "x" {}' })
    expect(root.inputs).toHaveLength(1)
    expect(problems.map(({ path }) => path)).toEqual(['examples/e4/main.tf', 'examples/e5/main.tf'])
  })

  test('on what is kept leave out the folders that are too much', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `variable "v${index}" {}\n`).join('')
    const { root, submodules, problems } = await analyse({
      'main.tf': 'variable "x" {}',
      'modules/a/main.tf': many.slice(0, 500_000).replace(/[^\n]*$/, ''),
      'modules/a/more.tf': many
        .replaceAll('"v', '"w')
        .slice(0, 500_000)
        .replace(/[^\n]*$/, ''),
      'modules/b/main.tf': 'variable "x" {}',
    })
    expect([root, ...submodules].map(({ inputs }) => inputs.length)).toEqual([1, 0, 1])
    expect(problems).toEqual([{ path: 'modules/a', message: 'The folder is not shown, more is declared in the module than can be kept' }])
  })

  test('on problems leave a hundred of them', async () => {
    const { problems } = await analyse(Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`f${index}.tf`, '}'])))
    expect(problems).toHaveLength(100)
    expect(problems.at(-1)).toEqual({ path: '', message: 'There are 51 further problems' })
  })

  test('on time leave files unread, but not the README', async () => {
    const { root, problems } = await analyse({ 'README.md': 'hello', 'main.tf': 'variable "x" {}' }, 0)
    expect(root.readme?.markdown).toBe('hello')
    expect(problems).toEqual([{ path: 'main.tf', message: 'The file is not read, the whole module takes too long' }])
  })
})

describe('licences', () => {
  test.each([
    ['LICENSE', 'Mozilla Public License Version 2.0\n====', { path: 'LICENSE', spdx: 'MPL-2.0' }],
    ['LICENCE.md', '# GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007', { path: 'LICENCE.md', spdx: 'GPL-3.0-only' }],
    ['COPYING', 'All rights reserved', { path: 'COPYING' }],
    ['LICENSE.txt', 'SPDX-License-Identifier: BSL-1.0', { path: 'LICENSE.txt', spdx: 'BSL-1.0' }],
    ['modules/a/LICENSE', 'MIT License', undefined],
  ])('%s', async (name, text, licence) => {
    expect((await analyse({ [name]: text, 'main.tf': '' })).licence).toEqual(licence)
  })
})

test('an archive that is none is an error', async () => {
  await writeFile(join(folder, 'x'), 'no archive')
  const request = { archivePath: join(folder, 'x'), skip: new Map(), parseBudgetMs: 1000, onFile: () => undefined }
  await expect(analyseArchive(request)).rejects.toThrow('The stored module archive has a broken gzip header')
})
