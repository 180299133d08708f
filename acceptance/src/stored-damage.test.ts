import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { mirrorOnly, requires } from './harness/client-files.ts'
import { HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { REGISTRY, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const CLI_CONFIG = mirrorOnly(`https://${REGISTRY}/v1/mirror/`)

// protocol.md N-5; reliability.md F13, F36
describe.skipIf(reportMissing('terraform'))('a stored package that is not what it was', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    return world.close
  })

  const definition = (type: string) => `provider "${UPSTREAM}/acme/${type}" {\n  versions = ["1.0.0"]\n}\n`
  const indexStatus = async (type: string) => (await fetch(`${world.server.url}/v1/mirror/${UPSTREAM}/acme/${type}/index.json`)).status
  const servedVersions = async (type: string) => {
    const response = await fetch(`${world.server.url}/v1/mirror/${UPSTREAM}/acme/${type}/index.json`)
    return Object.keys(((await response.json()) as { versions: object }).versions)
  }

  function storedFile(type: string): string {
    const root = join(world.server.dataDir, 'storage')
    const found = (readdirSync(root, { recursive: true }) as string[]).find((path) =>
      path.endsWith(`terraform-provider-${type}_1.0.0_${HERE}.zip`),
    )
    return join(root, found ?? 'missing')
  }

  function changeOneBit(path: string): void {
    const bytes = readFileSync(path)
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] ?? 0) ^ 1
    writeFileSync(path, bytes)
  }

  // The size decides how the server checks: small files before the first byte, large ones before the last.
  test.each<[string, { sizeBytes?: number; damage: (path: string) => void }]>([
    ['small', { damage: changeOneBit }],
    ['large', { sizeBytes: 5_000_000, damage: changeOneBit }],
    ['cut', { damage: (path) => writeFileSync(path, readFileSync(path).subarray(0, 100)) }],
    ['lost', { damage: (path) => rmSync(path) }],
  ])('never reaches a client, leaves the lists, and is repaired by loading it again: %s', async (type, { sizeBytes, damage }) => {
    const version = { platforms: [HERE], ...(sizeBytes !== undefined && { sizeBytes }) }
    await world.upstream.addProvider(`acme/${type}`, { versions: { '1.0.0': version } })
    expect(await world.api.load(definition(type))).toMatchObject({ state: 'completed' })
    const workspace = world.workspace({ files: requires(`${UPSTREAM}/acme/${type}`), cliConfig: CLI_CONFIG })
    expectSuccess(await workspace.run(['init']))

    damage(storedFile(type))
    workspace.clean({ keepLockFile: true })
    const { code, text } = await workspace.run(['init'])
    expect(code).toBe(1)
    expect(text).not.toContain('Installed')
    await vi.waitFor(async () => expect(await servedVersions(type)).toEqual([]))
    expect(await world.api.packages({ type })).toMatchObject([{ damaged: true }])

    expect(await world.api.load(definition(type))).toMatchObject({ state: 'completed', failed: 0 })
    expect(await indexStatus(type)).toBe(200)
    expect(await world.api.packages({ type })).toMatchObject([{ damaged: false }])
    expectSuccess(await workspace.run(['init']))
  })

  // requirements.md C33: what is published here comes back only with the same bytes.
  test('a published package is repaired by publishing the same bytes again', async () => {
    await world.api.publish({ name: 'acme/own', version: '1.0.0' })
    changeOneBit(storedFile('own'))
    const workspace = world.workspace({ files: requires(`${REGISTRY}/acme/own`) })
    expect(await workspace.run(['init'])).toMatchObject({ code: 1 })
    await vi.waitFor(async () => expect(await world.api.packages({ type: 'own' })).toMatchObject([{ damaged: true }]))
    expect(await world.api.publish({ name: 'acme/own', version: '1.0.0' })).toMatchObject({ status: 200 })
    expect(await world.api.packages({ type: 'own' })).toMatchObject([{ damaged: false }])
    expectSuccess(await workspace.run(['init']))
  })
})
