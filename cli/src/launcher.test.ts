import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

interface Outcome {
  code: number | string | null | undefined
  stdout: string
  stderr: string
}

/** Starts the launcher in front of a stand-in for the real commands, under a Node that claims to be of some version. */
async function launch(nodeVersion: string, args: string[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-launcher-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'bin'))
  await mkdir(join(folder, 'src'))
  await copyFile(join(ROOT, 'cli/bin/terrace.mjs'), join(folder, 'bin/terrace.mjs'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(
    join(folder, 'src/main.ts'),
    'export async function main(argv: string[]): Promise<number> { console.log(argv.join("|")); return 3 }',
  )
  const claim = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${nodeVersion}'})`
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', claim, join(folder, 'bin/terrace.mjs'), ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    )
  })
}

describe('launcher', () => {
  test.each(['20.20.2', '22.17.9', '8.0.0'])('Node %s is refused in one line', async (version) => {
    const { code, stdout, stderr } = await launch(version, ['serve'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining(`Terrace needs Node.js 22.18 or newer, and this is ${version}`)])
  })

  test.each(['22.18.0', '24.9.0', '100.0.0'])('Node %s runs the commands, and their exit code is the exit code', async (version) => {
    const { code, stdout } = await launch(version, ['mirror', 'load', 'a b'])
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'mirror|load|a b\n' })
  })

  test('the needed version is the one that package.json declares', async () => {
    const launcher = await readFile(join(ROOT, 'cli/bin/terrace.mjs'), 'utf8')
    const needed = /needed = \[(?<numbers>[\d, ]+)\]/.exec(launcher)?.groups?.numbers?.split(', ').join('.')
    const { engines } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    expect(engines.node).toBe(`>=${needed}`)
  })
})
