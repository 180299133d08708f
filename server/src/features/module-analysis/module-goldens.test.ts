import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packModule } from '../../testing/pack-module.ts'
import { createModuleAnalyser, diffModules, type ModuleAnalysis } from './index.ts'

const VECTORS = join(import.meta.dirname, 'vectors')
const analyser = createModuleAnalyser({ fileTimeoutMs: 20_000 })
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'module-goldens-'))
})
afterAll(async () => {
  await analyser.close()
  await rm(folder, { recursive: true })
})

function readTree(root: string): Record<string, Buffer> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((item) => item.isFile())
  const paths = files.map((item) => join(item.parentPath, item.name)).sort()
  return Object.fromEntries(paths.map((path) => [relative(root, path), readFileSync(path)]))
}

async function analyse(name: string, files: Readonly<Record<string, string | Buffer>>): Promise<ModuleAnalysis> {
  const archive = join(folder, `${name}.tar.gz`)
  writeFileSync(archive, packModule(files))
  return await analyser.analyse(archive)
}

// requirements.md PUB-06, ux.md section 2: what is shown equals what people read off the files.
describe('modules in the style of well-known public ones', () => {
  const names = readdirSync(VECTORS, { withFileTypes: true }).filter((item) => item.isDirectory())

  test.each(names.map(({ name }) => name))('%s', async (name) => {
    const analysis = await analyse(name, readTree(join(VECTORS, name)))
    await expect(`${JSON.stringify(analysis, null, 2)}\n`).toMatchFileSnapshot(join(VECTORS, `${name}.json`))
  })
})

// ux.md section 2, version diff.
test('two versions of a network differ as its changelog would say', async () => {
  const files = readTree(join(VECTORS, 'network'))
  const edits: readonly (readonly [file: string, from: string, to: string])[] = [
    ['versions.tf', '>= 5.46', '>= 6.0'],
    ['versions.tf', '">= 1.0"', '">= 1.5.7"'],
    ['variables.tf', 'type        = bool', 'type        = string'],
    ['variables.tf', 'variable "private_subnets"', 'variable "private_cidrs"'],
    ['variables.tf', 'values   = list(string)', 'values   = list(string)\n    note     = optional(string)'],
    ['outputs.tf', 'value = var.name', 'value = var.name\n  sensitive = true'],
    ['main.tf', 'resource "aws_vpc" "this"', 'resource "aws_vpc" "main"'],
    ['main.tf', 'moved {', 'moved {\n  from = aws_vpc.this\n  to   = aws_vpc.main\n}\n\nmoved {'],
    ['modules/vpc-endpoints/main.tf', '  default     = null\n', ''],
  ]
  const next: Record<string, string | Buffer> = { ...files }
  for (const [file, from, to] of edits) next[file] = String(next[file]).replace(from, to)
  const diff = diffModules(await analyse('network', files), await analyse('network-next', next))
  await expect(`${JSON.stringify(diff, null, 2)}\n`).toMatchFileSnapshot(join(VECTORS, 'network.diff.json'))
})
