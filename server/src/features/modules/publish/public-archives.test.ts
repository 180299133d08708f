import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publishModule } from '../../../testing/publish-modules.ts'
import { buildTar, paxHeader } from '../../../testing/tar-writer.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'
import { buildZip } from '../../../testing/zip-writer.ts'
import type { ModuleAnalysis, ModuleDiff } from '../../module-analysis/index.ts'

type Files = Readonly<Record<string, string>>

const VECTORS = join(import.meta.dirname, '../../module-analysis/vectors')

function readTree(name: string): Files {
  const root = join(VECTORS, name)
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((item) => item.isFile())
  return Object.fromEntries(
    files.map(({ parentPath, name: file }) => [relative(root, join(parentPath, file)), readFileSync(join(parentPath, file), 'utf8')]),
  )
}

const numbers = Array.from({ length: 120 }, (_unused, index) => String(index).padStart(3, '0'))
const TYPES = [
  'string',
  'list(string)',
  'map(any)',
  'object({\n    a = optional(string)\n    b = optional(map(object({ c = number })), {})\n  })',
]

/** What real modules have much of: inputs with long texts, outputs, guarded resources, notes, helpers that are no part of them. */
const bulk = (numbersOfInputs: readonly string[]): Files => ({
  'variables-more.tf': numbersOfInputs
    .map(
      (number) =>
        `variable "setting_${number}" {\n  description = <<-EOT\n    Setting ${number}.\n\n    It has a "quote" and a $\${marker}.\n  EOT\n  type    = ${TYPES[Number(number) % TYPES.length]}\n  default = null\n}\n`,
    )
    .join('\n'),
  'outputs-more.tf': numbers.map((number) => `output "value_${number}" {\n  value = try(aws_vpc.this[0].id, null)\n}\n`).join(''),
  'CHANGELOG.md': '# Changelog\n'.repeat(5000),
  'wrappers/main.tf': 'module "wrapper" {\n  source   = "../"\n  for_each = var.items\n}\n',
  '.github/workflows/release.yml': 'name: release\n',
  '.gitignore': '.terraform/\n',
})

const COMMIT = '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567'

/** As `git archive` packs for a web page: a comment for all, folders of their own, everything in one folder. */
function gitTar(folder: string, files: Files): Buffer {
  const folders = new Set(
    Object.keys(files).flatMap((path) => path.split('/').map((_part, index, parts) => parts.slice(0, index).join('/'))),
  )
  const names = [...folders].sort().map((name) => ({ name: name === '' ? `${folder}/` : `${folder}/${name}/` }))
  const entries = Object.entries(files).map(([path, content]) => ({ name: `${folder}/${path}`, content }))
  return gzipSync(buildTar([paxHeader([['comment', COMMIT]], 'g'), ...names, ...entries]))
}

const gitZip = (folder: string, files: Files): Buffer =>
  buildZip([
    { name: `${folder}/`, mode: 0o040755 },
    ...Object.entries(files).map(([path, content]) => ({ name: `${folder}/${path}`, content, mode: 0o100644 })),
  ])

// ux.md section 2: large modules as people publish them, from the upload to what the pages read.
describe('modules as large as public ones', () => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp('sqlite')
  })
  afterAll(() => app.close())

  test.each([
    ['network', 'terraform-aws-network'],
    ['cluster', 'terraform-aws-cluster'],
    ['project-factory', 'acme-project-factory-0a1b2c3'],
  ])('%s', async (name, folder) => {
    const address = `acme/${name}/aws`
    const files = { ...readTree(name), ...bulk(numbers) }
    const first = await publishModule(app, { address, archive: gitTar(`${folder}-1.0.0`, files) })
    expect([first.statusCode, first.json()]).toEqual([201, expect.objectContaining({ problems: [] })])
    // Another host's download of the same commit is the same version.
    expect((await publishModule(app, { address, archive: gitZip(folder, files) })).statusCode).toBe(200)

    const { analysis, version } = (await app.request(`/api/v1/modules/${address}`)).json<{
      analysis: ModuleAnalysis
      version: Record<string, unknown>
    }>()
    const small = JSON.parse(readFileSync(join(VECTORS, `${name}.json`), 'utf8')) as ModuleAnalysis
    expect(analysis.root.inputs).toHaveLength(small.root.inputs.length + numbers.length)
    expect(analysis.root.outputs).toHaveLength(small.root.outputs.length + numbers.length)
    expect(analysis.root.resources).toEqual(small.root.resources)
    expect([analysis.submodules, analysis.examples, analysis.licence]).toEqual([small.submodules, small.examples, small.licence])
    expect(analysis.root.inputs.find((input) => input.name === 'setting_003')).toMatchObject({
      type: 'object({\n  a = optional(string)\n  b = optional(map(object({ c = number })), {})\n})',
      description: `Setting 003.\n\nIt has a "quote" and a \${marker}.`,
      default: 'null',
      required: false,
    })
    expect(version).toMatchObject({ state: 'published', published_by: 'admin', commit: COMMIT, sha256: expect.any(String) })
  })

  test('the next release of one says what changed, and only that', async () => {
    const address = 'acme/next/aws'
    const files = { ...readTree('network'), ...bulk(numbers) }
    await publishModule(app, { address, archive: gitTar('next-1.0.0', files) })
    const next = { ...files, ...bulk(numbers.slice(1)), 'extra.tf': 'variable "extra" {\n  type = bool\n}\n' }
    await publishModule(app, { address, version: '2.0.0', archive: gitTar('next-2.0.0', next) })
    const diff = (await app.request(`/api/v1/modules/${address}/diff?from=1.0.0&to=2.0.0`)).json<ModuleDiff>()
    const named = (changes: readonly { name: string; breaking: boolean }[]) => changes.map(({ name, breaking }) => [name, breaking])
    expect([named(diff.inputs.added), named(diff.inputs.removed), diff.inputs.changed]).toEqual([
      [['extra', true]],
      [['setting_000', true]],
      [],
    ])
    const nothing = { added: [], removed: [], changed: [] }
    const { inputs: _inputs, ...others } = diff
    expect(others).toEqual({
      outputs: nothing,
      providers: nothing,
      resources: nothing,
      module_calls: nothing,
      submodules: nothing,
      breaking: true,
    })
  })

  // reliability.md row 14: kept as it was written, and never an answer that a browser would run.
  test('HTML in a README is data', async () => {
    const readme = '# Title\n<script>alert(1)</script>\n<img src=x onerror=alert(1)>\n'
    await publishModule(app, { address: 'acme/hostile/aws', files: { 'main.tf': '', 'README.md': readme } })
    for (const url of ['/api/v1/modules/acme/hostile/aws', '/v1/modules/acme/hostile/aws']) {
      const response = await app.request(url)
      expect(response.headers['content-type']).toMatch(/^application\/json/)
      expect(response.headers['x-content-type-options']).toBe('nosniff')
      expect(response.json().readme ?? response.json().root.readme).toBe(readme)
    }
  })
})
