import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { lockedHashes, mirrorOnly, mirrorThenDirect, requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { MIRROR, REGISTRY, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const URL_OF_MIRROR = `https://${MIRROR}/v1/mirror/`
const PLATFORMS = [HERE, ...ELSEWHERE]

const onDemand = (lines = '') => `
  features {
    auto_download_providers = true
  }
  mirror {
    upstreams = ["${UPSTREAM}"]${lines}
  }
  providers {
    default_hostname                = "${UPSTREAM}"
    download_retry_attempts         = 2
    download_retry_initial_delay_ms = 10
  }
`

let nextName = 0

/** A provider of its own for each test: keys are pinned per namespace. */
async function addProvider(world: World, versions: readonly string[] = ['1.0.0', '1.1.0']): Promise<string> {
  nextName += 1
  const name = `team-${nextName}/widget`
  await world.upstream.addProvider(name, { versions: Object.fromEntries(versions.map((version) => [version, { platforms: PLATFORMS }])) })
  world.upstream.requests.length = 0
  return name
}

const viaMirror = (world: World, name: string, version?: string) =>
  world.workspace({ files: requires(`${UPSTREAM}/${name}`, version), cliConfig: mirrorOnly(URL_OF_MIRROR) })

describe.skipIf(reportMissing('terraform'))('a mirror that fetches on demand', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ config: onDemand() })
    return world.close
  })
  beforeEach(() => {
    world.front.requests.length = 0
  })

  const hostsAsked = () => new Set(world.front.requests.map(({ host }) => host))
  const zips = () => world.upstream.requests.filter(({ path }) => path.endsWith('.zip'))

  test('a cold init installs what nobody has loaded, with a verified checksum, and a warm one costs the upstream nothing', async () => {
    const name = await addProvider(world)
    const workspace = viaMirror(world, name)
    const { text } = expectSuccess(await workspace.run(['init']))
    expect(text).toContain(`Installed ${UPSTREAM}/${name} v1.1.0 (verified checksum)`)
    expect(hostsAsked()).toEqual(new Set([MIRROR]))
    expect(zips()).toHaveLength(1)
    world.upstream.requests.length = 0
    workspace.clean({ keepLockFile: true })
    expectSuccess(await workspace.run(['init', '-lockfile=readonly']))
    expectSuccess(await viaMirror(world, name).run(['init']))
    expect(world.upstream.requests).toEqual([])
  })

  test('a lock for several platforms is made by the mirror alone', async () => {
    const name = await addProvider(world)
    const workspace = world.workspace({ files: requires(`${UPSTREAM}/${name}`, '1.0.0') })
    const platforms = PLATFORMS.map((platform) => `-platform=${platform}`)
    expectSuccess(await workspace.run(['providers', 'lock', `-net-mirror=${URL_OF_MIRROR}`, ...platforms]))
    expect(lockedHashes(workspace.read('.terraform.lock.hcl'), 'h1')).toHaveLength(PLATFORMS.length)
    expect(hostsAsked()).toEqual(new Set([MIRROR]))
    expect(zips()).toHaveLength(PLATFORMS.length)
  })

  // The client verifies the publisher's signature by itself.
  test('the registry protocol installs it too, signed by its publisher', async () => {
    const name = await addProvider(world)
    const { text } = expectSuccess(await world.workspace({ files: requires(`${REGISTRY}/${name}`) }).run(['init']))
    expect(text).toContain(
      `Installed ${REGISTRY}/${name} v1.1.0 (self-signed, key ID ${(await world.upstream.signingKey(name.split('/')[0] ?? '')).keyId})`,
    )
    expect(hostsAsked()).toEqual(new Set([REGISTRY]))
    expect(zips()).toHaveLength(1)
  })

  // protocol.md 4.6 (D04b, D04c, D29)
  test('a version that the mirror does not know yet comes from the next method', async () => {
    const name = await addProvider(world, ['1.0.0'])
    expectSuccess(await viaMirror(world, name).run(['init']))
    await world.upstream.addProvider(name, { versions: { '2.0.0': { platforms: PLATFORMS } } })
    const both = world.workspace({ files: requires(`${UPSTREAM}/${name}`), cliConfig: mirrorThenDirect(URL_OF_MIRROR) })
    expect((await both.run(['init'])).text).toContain(`Installed ${UPSTREAM}/${name} v2.0.0`)
    expect(world.front.requests).toContainEqual(
      expect.objectContaining({ host: MIRROR, path: `/v1/mirror/${UPSTREAM}/${name}/2.0.0.json`, status: 200 }),
    )
  })

  test('a provider that the upstream does not have is unknown', async () => {
    expectFailure(
      await viaMirror(world, 'nobody/nothing').run(['init']),
      `was not found in any of the search locations - provider mirror at ${URL_OF_MIRROR}`,
    )
  })

  // reliability.md F19
  test('a package that was changed on its way stops the init, and is in quarantine', async () => {
    const name = await addProvider(world, ['1.0.0'])
    await world.upstream.setDefects(name, '1.0.0', { corruptByte: true })
    expectFailure(await viaMirror(world, name).run(['init']), 'bad response code: 502')
    const [namespace] = name.split('/')
    expect((await world.api.quarantine()).filter((item) => item.namespace === namespace)).toMatchObject([{ step: 'checksum' }])
  })

  // protocol.md N-13: an empty list would silently change the source.
  test('an upstream that fails with nothing known stops the init with its name, although another method follows', async () => {
    const name = await addProvider(world, ['1.0.0'])
    await world.upstream.setDefects(name, '1.0.0', { status: { on: 'versions', status: 403 } })
    const both = world.workspace({ files: requires(`${UPSTREAM}/${name}`), cliConfig: mirrorThenDirect(URL_OF_MIRROR) })
    expectFailure(await both.run(['init']), `Cannot list the versions of "${UPSTREAM}/${name}" from upstream`)
  })
})

describe.skipIf(reportMissing('terraform'))('a mirror whose lists grow old', () => {
  test('a stale list is renewed, and everything that was installed installs while the upstream is cut off', async () => {
    await using world = await startWorld({ config: onDemand('\n    version_list_fresh_seconds = 1') })
    const name = await addProvider(world)
    expectSuccess(await viaMirror(world, name).run(['init']))
    await world.upstream.addProvider(name, { versions: { '1.2.0': { platforms: PLATFORMS } } })
    const index = async () => {
      const response = await fetch(`${world.server.url}/v1/mirror/${UPSTREAM}/${name}/index.json`)
      const { versions } = (await response.json()) as { versions: object }
      return { stale: response.headers.get('x-registry-stale'), versions: Object.keys(versions) }
    }
    await vi.waitFor(async () => expect((await index()).versions).toContain('1.2.0'), { timeout: 10_000, interval: 200 })
    expect((await viaMirror(world, name).run(['init'])).text).toContain('v1.2.0')

    await world.upstream.close()
    await vi.waitFor(async () => expect(Number((await index()).stale)).toBeGreaterThan(0), { timeout: 10_000, interval: 200 })
    expect((await viaMirror(world, name).run(['init'])).text).toContain(`Installed ${UPSTREAM}/${name} v1.2.0 (verified checksum)`)
    expectSuccess(await viaMirror(world, name, '1.1.0').run(['init']))
    expectFailure(await viaMirror(world, name, '1.0.0').run(['init']), 'after 2 attempts')
  })
})
