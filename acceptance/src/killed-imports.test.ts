import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildProviderZip } from '@terrace/server/testing/zip-writer.ts'
import { expect, onTestFinished, test, vi } from 'vitest'
import { HERE } from './harness/current-platform.ts'
import { createRegistryApi } from './harness/registry-api.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'
import { startTerrace, type TerraceServer } from './harness/terrace-server.ts'
import { expireLeases, findLeftovers, sweepDataFolder } from './kill-cycles/check-data-folder.ts'

const HOST = 'registry.example.com'
const VERSIONS = Array.from({ length: 12 }, (_unused, index) => `1.${index}.0`)
const CONFIG = 'mirror {\n  sealed = true\n}\n'

/** A folder as `terraform providers mirror` leaves it, with versions that take a while each. */
function writeFolder(): string {
  const { path, remove } = makeTemporaryFolder('mirror-folder')
  onTestFinished(remove)
  const folder = join(path, HOST, 'acme', 'widget')
  mkdirSync(folder, { recursive: true })
  for (const version of VERSIONS) {
    writeFileSync(
      join(folder, `terraform-provider-widget_${version}_${HERE}.zip`),
      buildProviderZip({ type: 'widget', version, sizeBytes: 3_000_000 }),
    )
  }
  return path
}

const heldVersions = async (server: TerraceServer) =>
  (await createRegistryApi(server).packages({ type: 'widget' })).map(({ version }) => version).sort()

async function digestOf({ url }: TerraceServer, version: string): Promise<string[]> {
  const base = `${url}/v1/mirror/${HOST}/acme/widget/`
  const { archives } = (await (await fetch(`${base}${version}.json`)).json()) as {
    archives: Record<string, { url: string; hashes: string[] }>
  }
  const response = await fetch(new URL(archives[HERE]?.url ?? 'missing', base))
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', await response.arrayBuffer())).toString('hex')
  return [`zh:${digest}`, archives[HERE]?.hashes.find((hash) => hash.startsWith('zh:')) ?? '']
}

// reliability.md P1, P2: what was answered stays, what was not is not there, and nothing else is left.
test('an import whose server is killed is begun again and ends with everything, once', async () => {
  const folder = writeFolder()
  const command = ['bundle', 'import', folder, '--allow-unsigned', '--json']
  const first = await startTerrace({ config: CONFIG })
  onTestFinished(first.close)
  const running = first.terrace(command)
  await vi.waitFor(async () => expect((await heldVersions(first)).length).toBeGreaterThan(1), { timeout: 60_000, interval: 20 })
  await first.kill()
  expect((await running).code).toBe(6)

  expireLeases(first.dataDir)
  const second = await startTerrace({ config: CONFIG, dataDir: first.dataDir })
  onTestFinished(second.close)
  const before = await heldVersions(second)
  expect(before.length).toBeGreaterThan(0)
  expect(before.length).toBeLessThan(VERSIONS.length)
  for (const version of before) expect(new Set(await digestOf(second, version)).size).toBe(1)
  const { code, output } = await second.terrace(command)
  expect(code, output).toBe(0)
  expect(output).toContain(`"kept": ${before.length}`)
  expect(output).toContain(`"added": ${VERSIONS.length - before.length}`)
  expect(await heldVersions(second)).toEqual(VERSIONS.toSorted())
  await second.stop()
  await sweepDataFolder(second.dataDir)
  expect(findLeftovers(second.dataDir)).toEqual([])
})
