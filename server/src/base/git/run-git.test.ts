import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runGit, startGit } from './run-git.ts'

const MIB = 1024 ** 2

/** What a program may do that is started as `git`. */
describe('a program that is started as git', () => {
  /** A folder with a `git` of this text, and how to start it there; the folder goes with the test. */
  function fakeGit(script: string) {
    const folder = mkdtempSync(join(tmpdir(), 'terrace-run-git-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'git'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, 'git'), 0o755)
    return { folder, searchPath: `${folder}:/usr/bin:/bin` }
  }

  test('cannot write a file above the limit', async () => {
    const command = fakeGit('head -c 3000000 /dev/zero > big; head -c 1000 /dev/zero > small')
    await runGit({ ...command, args: [], maxFileBytes: MIB })
    expect(statSync(join(command.folder, 'big')).size).toBe(MIB)
    expect(statSync(join(command.folder, 'small')).size).toBe(1000)
  })

  test('cannot write more than 1 MiB as an answer', async () => {
    const { status, stderr } = await runGit({ ...fakeGit('yes'), args: [] })
    expect({ status, stderr }).toEqual({ status: null, stderr: 'error: the answer exceeded 1048576 bytes' })
  })

  test('ends with all that it started, when that is wanted', async () => {
    const controller = new AbortController()
    const command = fakeGit('sleep 600 & (sleep 600 & sleep 600) & echo started; wait')
    const { stdout, exit } = startGit({ ...command, args: [], signal: controller.signal })
    await new Promise((resolve) => stdout.once('data', resolve))
    controller.abort()
    // The pipes are given back by the last of them.
    expect((await exit).status).toBe(null)
  })

  test('is not started when it is not wanted any more', () => {
    const command = fakeGit('touch started')
    expect(() => startGit({ ...command, args: [], signal: AbortSignal.abort(new Error('enough')) })).toThrow('enough')
    expect(() => statSync(join(command.folder, 'started'))).toThrow('ENOENT')
  })

  test('gets its arguments as they are', async () => {
    const args = ['a b', '$(id)', '`id`', '"', "'", '*', ';id', '-c', '', '\\', '\u00fc']
    const { stdout } = await runGit({ ...fakeGit('printf "%s\\n" "$@"'), args })
    expect(stdout.split('\n')).toEqual([...args, ''])
  })

  test('is heard to its last words', async () => {
    const { stderr, status } = await runGit({ ...fakeGit('yes | head -c 100000 >&2; echo fatal: last >&2; exit 3'), args: [] })
    expect(status).toBe(3)
    expect(stderr.length).toBe(16 * 1024)
    expect(stderr.endsWith('fatal: last\n')).toBe(true)
  })

  test('reads nothing from this process', async () => {
    expect((await runGit({ ...fakeGit('cat; echo end'), args: [] })).stdout).toBe('end\n')
  })
})
