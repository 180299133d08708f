import type { SeenRequest } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { mirrorOnly, mirrorThenDirect, requires } from './harness/client-files.ts'
import { HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { MIRROR, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import { startTerrace } from './harness/terrace-server.ts'
import type { TerraformWorkspace } from './harness/terraform-cli.ts'

const URL_OF_MIRROR = `https://${MIRROR}/v1/mirror/`
const PATIENT = { timeout: 60_000, interval: 100 }
const ON_DEMAND = `
  features {
    auto_download_providers = true
  }
  mirror {
    upstreams                  = ["${UPSTREAM}"]
    version_list_fresh_seconds = 1
  }
`

/** What a request to the upstream was for. */
function purposeOf({ path }: SeenRequest): string {
  if (path.endsWith('/versions')) return 'list'
  if (path.endsWith('.zip')) return 'package'
  return path.startsWith('/files/') ? 'checksums' : path.startsWith('/.well-known/') ? 'discovery' : 'document'
}

/** What the server has asked the upstream for; what clients have asked through the front is left out. */
const askedByServer = ({ upstream }: World): string[] =>
  upstream.requests.filter(({ headers }) => headers['x-forwarded-host'] === undefined).map(purposeOf)

const hostsOfClient = ({ front }: World): string[] => [...new Set(front.requests.map(({ host }) => host))].sort()

function forget({ upstream, front }: World): void {
  upstream.requests.length = 0
  front.requests.length = 0
}

const viaMirror = (world: World, name: string, version?: string): TerraformWorkspace =>
  world.workspace({ files: requires(`${UPSTREAM}/${name}`, version), cliConfig: mirrorOnly(URL_OF_MIRROR) })

/** A mirror beside the registry itself (protocol.md 4.6). */
const viaBoth = (world: World, name: string, version?: string): TerraformWorkspace =>
  world.workspace({ files: requires(`${UPSTREAM}/${name}`, version), cliConfig: mirrorThenDirect(URL_OF_MIRROR) })

const versionsOf = (...versions: readonly string[]) => ({
  versions: Object.fromEntries(versions.map((version) => [version, { platforms: [HERE] }])),
})

describe.skipIf(reportMissing('terraform'))('an init through a mirror that fetches on demand', () => {
  test('costs the upstream one package cold, a list stale, and works cut off; the client asks nobody else', async () => {
    await using world = await startWorld({ config: ON_DEMAND })
    await world.upstream.addProvider('acme/widget', versionsOf('1.0.0', '1.1.0'))
    const first = viaMirror(world, 'acme/widget')
    expect(expectSuccess(await first.run(['init'])).text).toContain('v1.1.0 (verified checksum)')
    // The list may be asked for again: with a second of freshness, it can be old before the package is asked for.
    expect(
      askedByServer(world)
        .filter((purpose) => purpose !== 'list')
        .sort(),
    ).toEqual(['checksums', 'checksums', 'discovery', 'document', 'document', 'package'].sort())

    forget(world)
    await vi.waitFor(async () => {
      first.clean({ keepLockFile: true })
      expectSuccess(await first.run(['init', '-lockfile=readonly']))
      expect(askedByServer(world)).toContain('list')
    }, PATIENT)
    expect(new Set(askedByServer(world))).toEqual(new Set(['list']))

    await world.upstream.close()
    forget(world)
    const cutOff = expectSuccess(await viaMirror(world, 'acme/widget').run(['init']))
    expect(cutOff.text).toContain('v1.1.0 (verified checksum)')
    await vi.waitFor(async () => {
      const index = await fetch(`${world.server.url}/v1/mirror/${UPSTREAM}/acme/widget/index.json`)
      expect(Number(index.headers.get('x-registry-stale'))).toBeGreaterThan(0)
    }, PATIENT)
    first.clean({ keepLockFile: true })
    expectSuccess(await first.run(['init', '-lockfile=readonly']))
    expect(hostsOfClient(world)).toEqual([MIRROR])
  })

  test('beside the registry itself brings everything from the mirror, which lists what the registry lists', async () => {
    await using world = await startWorld({ config: ON_DEMAND })
    await world.upstream.addProvider('acme/widget', versionsOf('1.0.0', '2.0.0'))
    expect(expectSuccess(await viaBoth(world, 'acme/widget').run(['init'])).text).toContain('v2.0.0')
    expect(askedByServer(world).filter((purpose) => purpose === 'package')).toHaveLength(1)
    expect(world.front.requests.filter(({ host, path }) => host === UPSTREAM && path.endsWith('.zip'))).toEqual([])
  })
})

describe.skipIf(reportMissing('terraform'))('an init through a mirror with a schedule', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ config: 'providers {\n  download_retry_attempts = 2\n}\n' })
    await world.upstream.addProvider('acme/widget', versionsOf('1.0.0', '1.1.0', '2.0.0'))
    return world.close
  })

  async function terrace(...args: readonly string[]): Promise<string> {
    const { code, output } = await world.server.terrace(args)
    expect(code, output).toBe(0)
    return output
  }

  // The tests of this block follow each other, as the days of a mirror do.
  test('takes what "terrace mirror sync" has brought, and costs the upstream nothing', async () => {
    const settings = ['--upstream', UPSTREAM, '--provider', 'acme/widget', '--constraint', '~> 1.0', '--platform', HERE, '--every', '12']
    await terrace('mirror', 'create', 'team', ...settings)
    await terrace('mirror', 'sync', 'team', '--wait')
    expect(askedByServer(world).filter((purpose) => purpose === 'package')).toHaveLength(2)
    forget(world)
    expect(expectSuccess(await viaMirror(world, 'acme/widget').run(['init'])).text).toContain('v1.1.0 (verified checksum)')
    expect(expectSuccess(await viaMirror(world, 'acme/widget', '1.0.0').run(['init'])).text).toContain('v1.0.0')
    expect([askedByServer(world), hostsOfClient(world)]).toEqual([[], [MIRROR]])
  })

  test('is the newer for the next sync, which fetches what is new and nothing else', async () => {
    await world.upstream.addProvider('acme/widget', versionsOf('1.2.0'))
    forget(world)
    await terrace('mirror', 'sync', 'team', '--wait')
    expect(askedByServer(world).filter((purpose) => purpose === 'package')).toHaveLength(1)
    expect(world.upstream.countRequests('/1.0.0/')).toBe(0)
    expect(expectSuccess(await viaMirror(world, 'acme/widget').run(['init'])).text).toContain('v1.2.0')
    expect(await terrace('mirror', 'history', 'team')).toMatch(/completed/)
  })

  // protocol.md 4.6 (D04b, D19, D29): a 404 for the version that the mirror lacks would end the init.
  test('takes from the registry beside it what the mirror does not hold, and from the mirror what it does', async () => {
    forget(world)
    expect(expectSuccess(await viaBoth(world, 'acme/widget').run(['init'])).text).toContain('v2.0.0')
    const asked = { host: MIRROR, path: `/v1/mirror/${UPSTREAM}/acme/widget/2.0.0.json`, status: 200 }
    expect(world.front.requests).toContainEqual(expect.objectContaining(asked))
    const packages = () => world.front.requests.filter(({ host, path }) => host === UPSTREAM && path.endsWith('.zip'))
    expect(packages().length).toBeGreaterThan(0)
    forget(world)
    expect(expectSuccess(await viaBoth(world, 'acme/widget', '~> 1.0').run(['init'])).text).toContain('v1.2.0')
    expect([packages(), askedByServer(world)]).toEqual([[], []])
  })

  test('goes on when the upstream is cut off; the next run fails and says why', async () => {
    await world.upstream.close()
    forget(world)
    expect(expectSuccess(await viaMirror(world, 'acme/widget').run(['init'])).text).toContain('v1.2.0 (verified checksum)')
    expect(hostsOfClient(world)).toEqual([MIRROR])
    const { code, output } = await world.server.terrace([
      'mirror',
      'sync',
      'team',
      '--version',
      '1.2.0',
      '--provider',
      'acme/widget',
      '--wait',
    ])
    expect([code, output]).toEqual([1, expect.stringContaining('the connection was refused')])
    expectSuccess(await viaMirror(world, 'acme/widget').run(['init']))
  })
})

describe.skipIf(reportMissing('terraform'))('a mirror that nobody has ever synced', () => {
  test('is run by its schedule, and installs', async () => {
    await using world = await startWorld()
    await world.upstream.addProvider('acme/widget', versionsOf('1.0.0'))
    const { code, output } = await world.server.terrace(['mirror', 'create', 'team', '--upstream', UPSTREAM, '--provider', 'acme/widget'])
    expect(code, output).toBe(0)
    // The schedule is looked at when a process starts, and every few minutes.
    await world.server.stop()
    await using again = await startTerrace({ dataDir: world.server.dataDir, config: world.config })
    world.front.route(MIRROR, again.url)
    const document = `${again.url}/v1/mirror/${UPSTREAM}/acme/widget/1.0.0.json`
    await vi.waitFor(async () => expect(await (await fetch(document)).text()).toContain('/files/'), PATIENT)
    forget(world)
    expect(expectSuccess(await viaMirror(world, 'acme/widget').run(['init'])).text).toContain('v1.0.0 (verified checksum)')
    expect([askedByServer(world), hostsOfClient(world)]).toEqual([[], [MIRROR]])
  })
})
