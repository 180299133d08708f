import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createLogOutput } from './log-output.ts'

function openFile(): { readonly path: string; readonly fd: number } {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-log-'))
  const path = join(folder, 'terrace.log')
  const fd = openSync(path, 'a')
  onTestFinished(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  return { path, fd }
}

const lines = (count: number): string[] => Array.from({ length: count }, (_, index) => `{"line":${index},"text":"ä"}\n`)

/** Writes megabytes to its standard output, tells its parent when it is through, and ends when it is told to. */
const TALKER = `
import { createLogOutput } from ${JSON.stringify(join(import.meta.dirname, 'log-output.ts'))}
process.stdout.isTTY
const output = createLogOutput(1)
for (let line = 0; line < 50_000; line++) output.write('{"line":' + line + ',"text":"some words to make it longer"}\\n')
process.send('written')
process.once('message', () => process.exit())
`

describe('log output', () => {
  test('many lines arrive whole and in order', async () => {
    const { path, fd } = openFile()
    const output = createLogOutput(fd)
    const written = lines(5_000)
    for (const line of written) output.write(line)
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe(written.join('')))
  })

  test('a flush has everything written when it returns', () => {
    const { path, fd } = openFile()
    const output = createLogOutput(fd)
    output.write('first\n')
    output.write('second\n')
    output.flushSync()
    expect(readFileSync(path, 'utf8')).toBe('first\nsecond\n')
  })

  // Whoever reads the log of a container may stop for a while.
  test('a reader that does not read holds nobody up, and gets every line later', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', TALKER], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    expect(await once(child, 'message')).toEqual(['written', undefined])
    let received = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      received += text
    })
    child.send('end')
    await once(child, 'close')
    const numbers = received
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { line: number }).line)
    expect(numbers).toEqual(Array.from({ length: 50_000 }, (_, index) => index))
  })

  test('a descriptor that takes nothing loses lines and nothing else', () => {
    const { path } = openFile()
    const readOnly = openSync(path, 'r')
    onTestFinished(() => closeSync(readOnly))
    const output = createLogOutput(readOnly)
    for (const line of lines(2_000)) output.write(line)
    expect(() => output.flushSync()).not.toThrow()
    expect(readFileSync(path, 'utf8')).toBe('')
  })
})
