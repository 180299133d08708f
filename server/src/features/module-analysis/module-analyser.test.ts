import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { packModule } from '../../testing/pack-module.ts'
import { createModuleAnalyser, type ModuleAnalyser, type ModuleAnalyserOptions } from './index.ts'

let folder = ''
let analyser: ModuleAnalyser | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'module-analyser-'))
})
afterEach(() => analyser?.close())
afterAll(() => rm(folder, { recursive: true }))

function start(options: ModuleAnalyserOptions = {}): ModuleAnalyser {
  analyser = createModuleAnalyser(options)
  return analyser
}

async function write(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, `${name}.tar.gz`)
  await writeFile(path, packModule(files))
  return path
}

const RUNAWAY = `a = [${'1,'.repeat(260_000)}]`
const GOOD = { 'README.md': 'hello', 'variables.tf': 'variable "x" {}\n', 'modules/a/main.tf': 'output "o" {\n  value = 1\n}\n' }

// reliability.md row 20: a module cannot cost more than one thread, and it is published all the same.
describe('files that cost too much', () => {
  test('are left out when parsing them takes too long', async () => {
    const path = await write('slow', { ...GOOD, 'b.tf': RUNAWAY, 'c.tf': RUNAWAY })
    const { root, submodules, problems } = await start({ fileTimeoutMs: 1000, memoryMb: 512 }).analyse(path)
    expect(problems.map((problem) => problem.path)).toEqual(['b.tf', 'c.tf'])
    expect(problems[0]?.message).toBe('The file is not read, it takes too much time or memory')
    expect({ readme: root.readme?.markdown, inputs: root.inputs.length, submodules: submodules.length }).toEqual({
      readme: 'hello',
      inputs: 1,
      submodules: 1,
    })
  })

  test('are left out when parsing them needs too much memory', async () => {
    const path = await write('large', { ...GOOD, 'b.tf': `a = [${'[],'.repeat(170_000)}]` })
    const { root, problems } = await start({ memoryMb: 24, fileTimeoutMs: 20_000 }).analyse(path)
    expect(problems).toEqual([{ path: 'b.tf', message: 'The file is not read, it takes too much memory' }])
    expect(root.inputs).toHaveLength(1)
  })

  test.each(['[', '-'])('are left out when %j is nested without end', async (opening) => {
    const path = await write('deep', { ...GOOD, 'b.tf': `a = ${opening.repeat(100_000)}` })
    const { root, problems } = await start({ fileTimeoutMs: 20_000 }).analyse(path)
    expect(problems.map((problem) => problem.path)).toEqual(['b.tf'])
    expect(root.inputs).toHaveLength(1)
  })

  test('end the reading of configuration when the time of the module is over', async () => {
    const slow = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`a${index}.tf`, RUNAWAY]))
    const path = await write('many', { ...GOOD, ...slow })
    const { root, problems } = await start({ fileTimeoutMs: 1000, timeoutMs: 1500, memoryMb: 512 }).analyse(path)
    expect(root.readme?.markdown).toBe('hello')
    expect(problems.map(({ message }) => message)).toContain('The file is not read, the whole module takes too long')
  })
})

describe('requests', () => {
  test('wait for each other and get their own answers', async () => {
    const paths = await Promise.all([1, 2, 3, 4].map((number) => write(`own-${number}`, { 'main.tf': `variable "v${number}" {}` })))
    const running = start()
    const analyses = await Promise.all(paths.map((path) => running.analyse(path)))
    expect(analyses.map(({ root }) => root.inputs[0]?.name)).toEqual(['v1', 'v2', 'v3', 'v4'])
  })

  test('for a file that is not there fail, and the next one is answered', async () => {
    const running = start()
    await expect(running.analyse(join(folder, 'none.tar.gz'))).rejects.toThrow('ENOENT')
    expect((await running.analyse(await write('good', GOOD))).root.inputs).toHaveLength(1)
  })

  test('end when they are aborted, running or waiting, and the next one is answered', async () => {
    const running = start({ fileTimeoutMs: 60_000, timeoutMs: 60_000, memoryMb: 512 })
    const path = await write('stuck', { 'b.tf': RUNAWAY })
    const abort = new AbortController()
    const stuck = [running.analyse(path, abort.signal), running.analyse(path, abort.signal)]
    const next = running.analyse(await write('good', GOOD))
    abort.abort(new Error('enough'))
    const ends = await Promise.allSettled(stuck)
    expect(ends.map((end) => end.status === 'rejected' && (end.reason as Error).message)).toEqual(['enough', 'enough'])
    expect((await next).root.inputs).toHaveLength(1)
  })

  test('are refused when the analyser is closed', async () => {
    const running = start()
    const path = await write('good', GOOD)
    const open = running.analyse(path)
    const refusal = expect(open).rejects.toThrow('The module analyser is closed')
    await running.close()
    await refusal
    await expect(running.analyse(path)).rejects.toThrow('The module analyser is closed')
  })
})
