import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { migrateCommand } from './migrate.ts'

// A script with an unset variable: an empty text must never be taken for 0, which drops every table.
test.each(['', ' ', '-1', '1e0', '0x0'])('"migrate down --to %j" is refused and undoes nothing', async (to) => {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-migrate-'))
  vi.stubEnv('TFR_DATA_DIR', folder)
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    await rm(folder, { recursive: true, force: true })
  })
  await migrateCommand(['up'])
  await expect(migrateCommand(['down', `--to=${to}`])).resolves.toBe(2)
  expect(stderr.mock.calls.flat().join('')).toContain('say how far with --to NUMBER')
  await expect(migrateCommand(['status'])).resolves.toBe(0)
})
