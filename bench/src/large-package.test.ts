import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPackageInspector } from '@terrace/server/features/verification/index.ts'
import { expect, onTestFinished, test } from 'vitest'
import { buildLargePackage } from './large-package.ts'

test('a large package passes the strictest inspection, compresses like machine code, and differs by its seed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-large-'))
  const inspector = createPackageInspector()
  onTestFinished(async () => {
    await inspector.close()
    rmSync(folder, { recursive: true })
  })
  const packages = [0, 1].map((seed) => buildLargePackage({ type: 'large', version: '1.0.0', bytes: 3_000_000, seed }))
  const [first, second] = packages
  expect(first?.length).toBeGreaterThan(3_000_000)
  expect(first?.equals(second ?? Buffer.alloc(0))).toBe(false)
  for (const [seed, zip] of packages.entries()) {
    const path = join(folder, `${seed}.zip`)
    writeFileSync(path, zip)
    expect(await inspector.inspect(path, { type: 'large', strict: true })).toMatchObject({ entries: 2, problems: [] })
  }
})
