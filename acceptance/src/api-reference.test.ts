import { describe, expect, test } from 'vitest'
import { findBinary, reportMissing } from './harness/required-binaries.ts'
import { runCommand } from './harness/run-command.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'
import { startTerrace } from './harness/terrace-server.ts'

/** What a real browser makes of a page after its scripts have run, and what it wrote to its console. */
async function openInBrowser(url: string): Promise<{ readonly page: string; readonly console: string }> {
  const folder = makeTemporaryFolder('browser')
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr', `--user-data-dir=${folder.path}`]
  const env = { PATH: process.env.PATH, HOME: folder.path }
  const { stdout, stderr } = await runCommand(
    findBinary('chromium') ?? '',
    // The reference makes what is in the window; in one this high that is everything.
    [...args, '--window-size=1000,60000', '--virtual-time-budget=20000', '--timeout=60000', '--dump-dom', url],
    { cwd: folder.path, env },
  )
  folder.remove()
  const messages = stderr.split('\n').filter((line) => line.includes(':CONSOLE'))
  return { page: stdout, console: messages.join('\n') }
}

describe.skipIf(reportMissing('chromium'))('API reference in Chromium', () => {
  test('shows every operation of the server, and its policy stands in the way of nothing', async () => {
    await using server = await startTerrace()
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as { readonly paths: Readonly<Record<string, object>> }
    const { page, console } = await openInBrowser(`${server.url}/api-docs/`)
    const shown = new Set([...page.matchAll(/data-path="([^"]+)"/g)].map(([, path]) => path))
    expect(shown).toEqual(new Set(Object.keys(document.paths)))
    expect(shown.size).toBeGreaterThan(20)
    // Violations of the policy are written to the console, and nothing else is.
    expect(console).toBe('')
  }, 120_000)
})
