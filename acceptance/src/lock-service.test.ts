import { beforeAll, describe, expect, test } from 'vitest'
import { lockedHashes, mirrorOnly } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { healthyPackages } from './harness/publish-form.ts'
import { MIRROR, REGISTRY, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const LOCK = '.terraform.lock.hcl'
const WIDGET = `${UPSTREAM}/acme/widget`
const OWN = `${REGISTRY}/globex/own`
const PLATFORMS = [HERE, ...ELSEWHERE]
const VIA_MIRROR = mirrorOnly(`https://${MIRROR}/v1/mirror/`)

const FILES = {
  'main.tf': `terraform {
  required_providers {
    widget = { source = "${WIDGET}", version = ">= 1.0, != 1.0.5, < 2" }
    own    = { source = "${OWN}" }
  }
}

module "child" {
  source = "./child"
}
`,
  'child/main.tf': `terraform {\n  required_providers {\n    widget = { source = "${WIDGET}", version = "~> 1.0" }\n  }\n}\n`,
}

describe.skipIf(reportMissing('terraform'))('lock files made by the server', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ edge: `server {\n  public_url = "https://${REGISTRY}"\n}\n` })
    const versions = Object.fromEntries(['1.0.0', '1.1.0', '2.0.0'].map((version) => [version, { platforms: PLATFORMS }]))
    await world.upstream.addProvider('acme/widget', { versions })
    await world.api.load(`provider "${WIDGET}" {\n  versions = ["> 0"]\n}\n`)
    await world.api.publish({ name: 'globex/own', version: '1.0.0', packages: healthyPackages('globex/own', '1.0.0', PLATFORMS) })
    return world.close
  })

  const askFor = async (query: Readonly<Record<string, readonly string[]>>) => {
    const pairs = Object.entries(query).flatMap(([name, values]) => values.map((value) => [name, value]))
    const response = await fetch(`${world.server.url}/api/v1/lock?${new URLSearchParams(pairs)}`, { headers: { accept: 'text/plain' } })
    if (response.status !== 200) throw new Error(await response.text())
    return response.text()
  }
  const ourLock = (platforms: readonly string[]) =>
    askFor({ provider: [WIDGET, WIDGET, OWN], version: ['>= 1.0, != 1.0.5, < 2', '~> 1.0', ''], platform: platforms })

  // protocol.md 3.9, P-8 (C85)
  test('the file is the one that "terraform providers lock" writes, byte for byte', async () => {
    const workspace = world.workspace({ files: FILES })
    expectSuccess(await workspace.run(['get']))
    expectSuccess(await workspace.run(['providers', 'lock', ...PLATFORMS.map((platform) => `-platform=${platform}`)]))
    expect(await ourLock(PLATFORMS)).toBe(workspace.read(LOCK))
  })

  // protocol.md 3.9, N-8 (D14), C81
  test.each([
    ['the registries', ''],
    ['the mirror', VIA_MIRROR],
  ])('init accepts it read-only through %s and has nothing to add', async (_what, cliConfig) => {
    const workspace = world.workspace({ files: FILES, cliConfig })
    const text = await ourLock([])
    workspace.write(LOCK, text)
    const { text: said } = expectSuccess(await workspace.run(['init', '-lockfile=readonly']))
    expect(said).toContain(`Installed ${WIDGET} v1.1.0`)
    expect(said).not.toMatch(/lock file not updated|Incomplete lock file/i)
    expect(workspace.read(LOCK)).toBe(text)
    expect(lockedHashes(text, 'h1')).toHaveLength(2 * PLATFORMS.length)
  })

  // field.md 1.8: a lock from the mirror is for one platform, and the client says so; ours is what it asks for.
  test('an init that may write leaves it as it is', async () => {
    const workspace = world.workspace({ files: FILES, cliConfig: VIA_MIRROR })
    const text = await ourLock([])
    workspace.write(LOCK, text)
    expect(expectSuccess(await workspace.run(['init'])).text).not.toContain('Incomplete lock file')
    expect(workspace.read(LOCK)).toBe(text)
  })

  test('a package that is not the locked one is refused', async () => {
    const workspace = world.workspace({ files: FILES, cliConfig: VIA_MIRROR })
    workspace.write(LOCK, (await ourLock([])).replaceAll(/"(h1:|zh:)[^"]+"/g, `"zh:${'0'.repeat(64)}"`))
    expect(await workspace.run(['init', '-lockfile=readonly'])).toMatchObject({
      code: 1,
      text: expect.stringContaining("doesn't match any of the checksums previously recorded"),
    })
  })

  // protocol.md 4.1 (F02)
  test('a provider of a host with a name that is not ASCII is locked', async () => {
    await world.upstream.addProvider('acme/idn', { versions: { '1.0.0': { platforms: [HERE] } } })
    const job = await world.api.load('provider "café.example.com/acme/idn" {\n  versions = ["1.0.0"]\n}\n')
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'completed', failed: 0 })
    const source = 'café.example.com/acme/idn'
    const files = { 'main.tf': `terraform {\n  required_providers {\n    idn = { source = "${source}" }\n  }\n}\n` }
    const workspace = world.workspace({ files, cliConfig: VIA_MIRROR })
    workspace.write(LOCK, await askFor({ provider: [source] }))
    expectSuccess(await workspace.run(['init', '-lockfile=readonly']))
  })

  // field.md 1.8: what a client locks through a mirror is good for its own platform only.
  test('the command completes the lock file that a client has made through the mirror', async () => {
    const workspace = world.workspace({ files: FILES, cliConfig: VIA_MIRROR })
    expect(expectSuccess(await workspace.run(['init'])).text).toContain('Incomplete lock file information')
    const { code, output } = await world.server.terrace(['provider', 'lock', workspace.path, '--write'])
    expect(code, output).toBe(0)
    expect(output).toContain(`~ ${WIDGET} 1.1.0, 5 hashes added`)
    expect(workspace.read(LOCK)).toBe(await ourLock([]))
    workspace.clean({ keepLockFile: true })
    expectSuccess(await workspace.run(['init', '-lockfile=readonly']))
  })

  test('a locked version stays until an upgrade, through the command as through the client', async () => {
    const workspace = world.workspace({
      files: { 'main.tf': `terraform {\n  required_providers {\n    w = { source = "${WIDGET}" }\n  }\n}\n` },
    })
    workspace.write(LOCK, await askFor({ provider: [WIDGET], version: ['1.0.0'] }))
    const lock = async (...flags: string[]) => {
      const { code, output } = await world.server.terrace(['provider', 'lock', workspace.path, '--write', ...flags])
      expect(code, output).toBe(0)
      workspace.clean({ keepLockFile: true })
      return expectSuccess(await workspace.run(['init', '-lockfile=readonly'])).text
    }
    expect(await lock()).toContain(`Installed ${WIDGET} v1.0.0`)
    expect(await lock('--upgrade')).toContain(`Installed ${WIDGET} v2.0.0`)
  })
})
