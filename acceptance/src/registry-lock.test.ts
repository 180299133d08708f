import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildProviderZip } from '@terrace/server/testing/zip-writer.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { lockedHashes, requires } from './harness/client-files.ts'
import { HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { healthyPackages, sha256 } from './harness/publish-form.ts'
import { REGISTRY, startWorld, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import { startTcpRelay } from './harness/tcp-relay.ts'

const PLATFORMS = ['linux_amd64', 'darwin_arm64', 'windows_amd64']

describe.skipIf(reportMissing('terraform'))('locking and copying from the registry', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    return world.close
  })

  // protocol.md P-8 (C30, C85)
  test('a lock for three platforms has an h1 for each and a zh for every package of the version', async () => {
    const packages = healthyPackages('acme/widget', '1.0.0', [...PLATFORMS, 'freebsd_amd64'])
    await world.api.publish({ name: 'acme/widget', version: '1.0.0', packages })
    const workspace = world.workspace({ files: requires(`${REGISTRY}/acme/widget`) })
    const { code } = await workspace.run(['providers', 'lock', ...PLATFORMS.map((platform) => `-platform=${platform}`)])
    expect(code).toBe(0)
    const held = await world.api.packages({ type: 'widget' })
    const lock = workspace.read('.terraform.lock.hcl')
    expect(lockedHashes(lock, 'h1')).toEqual(
      held
        .filter(({ os, arch }) => PLATFORMS.includes(`${os}_${arch}`))
        .map(({ h1 }) => h1)
        .sort(),
    )
    expect(lockedHashes(lock, 'zh')).toEqual(
      Object.values(packages)
        .map((zip) => `zh:${sha256(zip)}`)
        .sort(),
    )
  })

  // protocol.md P-8 (3.5): the list is exactly "hex, two blanks, name, LF" per zip.
  test('the checksum list holds one well-formed line per package and nothing else', async () => {
    const packages = healthyPackages('acme/listed', '1.0.0', PLATFORMS)
    await world.api.publish({ name: 'acme/listed', version: '1.0.0', packages })
    const document = (await (await fetch(`${world.server.url}/v1/providers/acme/listed/1.0.0/download/linux/amd64`)).json()) as Record<
      string,
      string
    >
    const list = await (await fetch(new URL(document.shasums_url ?? '', world.server.url))).text()
    const lines = PLATFORMS.map(
      (platform) => `${sha256(packages[platform] ?? Buffer.of())}  terraform-provider-listed_1.0.0_${platform}.zip\n`,
    )
    expect(list.split(/(?<=\n)/).sort()).toEqual(lines.sort())
  })

  // protocol.md P-20 (C86)
  test('a copy by "providers mirror" is complete and authenticated', async () => {
    await world.api.publish({ name: 'acme/copied', version: '1.0.0' })
    const workspace = world.workspace({ files: requires(`${REGISTRY}/acme/copied`) })
    const { text } = expectSuccess(await workspace.run(['providers', 'mirror', `-platform=${HERE}`, 'out']))
    expect(text).toContain('Package authenticated: self-signed')
    const folder = join(workspace.path, 'out', REGISTRY, 'acme/copied')
    expect(readdirSync(folder).sort()).toEqual(['1.0.0.json', 'index.json', `terraform-provider-copied_1.0.0_${HERE}.zip`])
  })

  // protocol.md P-14 (F01)
  test('a copy that broke off goes on where it stopped', async () => {
    const zip = buildProviderZip({ type: 'large', version: '1.0.0', sizeBytes: 2_000_000 })
    await world.api.publish({ name: 'acme/large', version: '1.0.0', packages: { [HERE]: zip } })
    await using relay = await startTcpRelay({ host: '127.0.0.1', port: Number(new URL(world.server.url).port) })
    relay.limit(700_000)
    world.front.route(REGISTRY, `http://127.0.0.1:${relay.port}`)
    const workspace = world.workspace({ files: requires(`${REGISTRY}/acme/large`) })
    const copy = ['providers', 'mirror', `-platform=${HERE}`, 'out']
    expect(await workspace.run(copy)).toMatchObject({ code: 1 })
    const folder = join(workspace.path, 'out', REGISTRY, 'acme/large')
    expect(existsSync(join(folder, `.terraform-provider-large_1.0.0_${HERE}.zip`))).toBe(true)

    world.front.route(REGISTRY, world.server.url)
    world.front.requests.length = 0
    expectSuccess(await workspace.run(copy))
    const resumed = world.front.requests.find(({ method, path }) => method === 'GET' && path.startsWith('/files/'))
    expect(resumed?.headers.range).toMatch(/^bytes=[1-9]\d*-$/)
    expect(resumed?.status).toBe(206)
  })
})
