import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { formatSummary } from './vitest-summary-reporter.ts'

const ROOT = join(import.meta.dirname, '..')

/** Last line that a run of these test files prints. In the checkout, so that `vitest` resolves; removed afterwards. */
async function closingLine(files: Record<string, string>): Promise<string | undefined> {
  const folder = await mkdtemp(join(ROOT, 'node_modules', '.summary-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  await writeFile(join(folder, 'vitest.config.mjs'), 'export default { test: { include: ["*.test.mjs"], exclude: [] } }')
  const reporters = ['--reporter=default', `--reporter=${join(import.meta.dirname, 'vitest-summary-reporter.ts')}`]
  const args = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder, ...reporters]
  const output = await new Promise<string>((resolve) => execFile(process.execPath, args, (_error, stdout) => resolve(stdout)))
  return output.trimEnd().split('\n').at(-1)
}

describe('summary reporter', () => {
  test('the line names skipped tests only when there are some', () => {
    expect(formatSummary({ passed: 2, failed: 1, skipped: 0 })).toBe('2 passed, 1 failed')
    expect(formatSummary({ passed: 0, failed: 0, skipped: 3 })).toBe('0 passed, 0 failed, 3 skipped')
  })

  test('a run closes with its counts, and a file that cannot be loaded counts as failed', { timeout: 60_000 }, async () => {
    const line = await closingLine({
      'a.test.mjs': `import { test } from 'vitest'
        test('passes', () => {}); test('fails', () => { throw new Error('no') }); test.skip('waits', () => {})`,
      'b.test.mjs': `throw new Error('cannot be loaded')`,
    })
    expect(line).toBe('1 passed, 2 failed, 1 skipped')
  })
})
