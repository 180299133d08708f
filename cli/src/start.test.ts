import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)
const LAUNCHER = join(import.meta.dirname, '../bin/terrace.mjs')

test.each([
  ['the client', ['--version']],
  ['the server', ['migrate', '--help']],
])('compiled code of %s is kept for the next start', async (_what, args) => {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-cache-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await run(process.execPath, [LAUNCHER, ...args], { env: { PATH: process.env.PATH ?? '', HOME: folder } })
  expect(await readdir(join(folder, '.cache/terrace'))).not.toEqual([])
})

test('a folder for compiled code that cannot be made is no failure', async () => {
  const env = { PATH: process.env.PATH ?? '', HOME: join(LAUNCHER, 'home') }
  expect((await run(process.execPath, [LAUNCHER, '--version'], { env })).stderr).toBe('')
})

// As containers have them; only root may become somebody else.
test.skipIf(process.getuid?.() !== 0)('a user without a home can start it', async () => {
  const module = join(import.meta.dirname, 'environment.ts')
  const code = `import(${JSON.stringify(module)}).then(({ readEnvironment }) => console.log(readEnvironment({}).cacheFolder))`
  const { stdout } = await run(process.execPath, ['-e', `delete process.env.HOME; process.setuid(54321); ${code}`], { env: {} })
  expect(stdout).toBe('/.cache/terrace\n')
})
