import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildZip } from '@terrace/server/testing/zip-writer.ts'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lockedHashes, mirrorOnly, mirrorThenDirect, requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { MIRROR, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const URL_OF_MIRROR = `https://${MIRROR}/v1/mirror/`
const SOURCE = `${UPSTREAM}/acme/widget`

describe.skipIf(reportMissing('terraform'))('network mirror', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    const platforms = [HERE, ...ELSEWHERE]
    const versions = Object.fromEntries(['1.0.0', '1.1.0', '1.2.0-rc.1', '2.0.0'].map((version) => [version, { platforms }]))
    await world.upstream.addProvider('acme/widget', { versions })
    const job = await world.api.load(`provider "${SOURCE}" {\n  versions = ["~> 1.0", "1.2.0-rc.1"]\n}\n`)
    expect(job).toMatchObject({ state: 'completed', failed: 0 })
    return world.close
  })
  beforeEach(() => {
    world.front.requests.length = 0
  })

  const viaMirror = (source = SOURCE, version?: string) =>
    world.workspace({ files: requires(source, version), cliConfig: mirrorOnly(URL_OF_MIRROR) })
  const viaBoth = (source = SOURCE, version?: string) =>
    world.workspace({ files: requires(source, version), cliConfig: mirrorThenDirect(URL_OF_MIRROR) })
  const get = (path: string) => fetch(`${world.server.url}/v1/mirror/${path}`)
  const hostsAsked = () => new Set(world.front.requests.map(({ host }) => host))

  // protocol.md N-1 (D01, D09)
  test('a fresh init installs from the mirror alone, with a verified checksum', async () => {
    const { text } = expectSuccess(await viaMirror().run(['init']))
    expect(text).toContain(`Installed ${SOURCE} v1.1.0 (verified checksum)`)
    expect(hostsAsked()).toEqual(new Set([MIRROR]))
    for (const file of ['index.json', '1.0.0.json']) {
      expect((await get(`${SOURCE}/${file}`)).headers.get('content-type')).toMatch(/^application\/json\b/)
    }
  })

  // protocol.md N-2 (D03b, D20f)
  test('an unknown provider is left to the next method', async () => {
    await world.upstream.addProvider('acme/elsewhere', { versions: { '1.0.0': { platforms: [HERE] } } })
    expect((await viaBoth(`${UPSTREAM}/acme/elsewhere`).run(['init'])).text).toContain('v1.0.0')
    expect(hostsAsked()).toEqual(new Set([MIRROR, UPSTREAM]))
  })

  // protocol.md N-2 (D03)
  test('an unknown provider without a next method is said to be unknown', async () => {
    expectFailure(
      await viaMirror(`${UPSTREAM}/acme/unknown`).run(['init']),
      `was not found in any of the search locations - provider mirror at ${URL_OF_MIRROR}`,
    )
  })

  // protocol.md N-3 (D04b, D04c, D19)
  test('a newer version that is not held comes from the next method', async () => {
    expect((await viaBoth().run(['init'])).text).toContain(`Installed ${SOURCE} v2.0.0`)
    expect(world.front.requests).toContainEqual(
      expect.objectContaining({ host: MIRROR, path: `/v1/mirror/${SOURCE}/2.0.0.json`, status: 200 }),
    )
  })

  // protocol.md N-4 (D05b, D15f)
  test('a platform that is not held comes from the next method', async () => {
    await world.upstream.addProvider('acme/partial', { versions: { '1.0.0': { platforms: [HERE, ...ELSEWHERE] } } })
    await world.api.load(`provider "${UPSTREAM}/acme/partial" {\n  versions = ["1.0.0"]\n  platforms = ["${ELSEWHERE[0]}"]\n}\n`)
    expectSuccess(await viaBoth(`${UPSTREAM}/acme/partial`).run(['init']))
    const { archives } = (await (await get(`${UPSTREAM}/acme/partial/1.0.0.json`)).json()) as { archives: Record<string, unknown> }
    expect(Object.keys(archives)).toEqual([ELSEWHERE[0]])
    const alone = await viaMirror(`${UPSTREAM}/acme/partial`).run(['init'])
    expect(alone).toMatchObject({ code: 1, text: expect.stringContaining('available for your current platform') })
  })

  // protocol.md N-5 (D11-D13), N-6 (F07, F08), 4.9 (C86)
  test('the hashes are those that "terraform providers mirror" and the lock file have', async () => {
    const direct = world.workspace({ files: requires(SOURCE, '1.0.0') })
    const platforms = [HERE, ...ELSEWHERE]
    await direct.run(['providers', 'mirror', ...platforms.map((platform) => `-platform=${platform}`), 'out'])
    const theirs = JSON.parse(readFileSync(join(direct.path, 'out', SOURCE, '1.0.0.json'), 'utf8')) as Archives
    const ours = (await (await get(`${SOURCE}/1.0.0.json`)).json()) as Archives
    for (const platform of platforms) {
      const hashes = ours.archives[platform]?.hashes ?? []
      expect(hashes).toEqual(expect.arrayContaining([...(theirs.archives[platform]?.hashes ?? ['missing'])]))
      expect(hashes).toEqual([expect.stringMatching(/^h1:[A-Za-z0-9+/]{43}=$/), expect.stringMatching(/^zh:[0-9a-f]{64}$/)])
    }
    const mirrored = viaMirror(SOURCE, '1.0.0')
    await mirrored.run(['init'])
    expect(lockedHashes(mirrored.read('.terraform.lock.hcl'), 'h1')).toEqual([ours.archives[HERE]?.hashes[0]])
  })

  // protocol.md 4.8 (F08): folder entries count in the h1 of the zip, which is the one that the client checks.
  test('a package with folder entries has the h1 of its zip and installs', async () => {
    const zip = () =>
      buildZip([{ name: 'docs/' }, { name: 'docs/a.txt', content: 'a' }, { name: 'terraform-provider-folders_v1.0.0', content: 'x' }])
    await world.upstream.addProvider('acme/folders', { versions: { '1.0.0': { platforms: [HERE], zip } } })
    await world.api.load(`provider "${UPSTREAM}/acme/folders" {\n  versions = ["1.0.0"]\n}\n`)
    const direct = world.workspace({ files: requires(`${UPSTREAM}/acme/folders`) })
    expectSuccess(await direct.run(['providers', 'mirror', `-platform=${HERE}`, 'out']))
    const theirs = JSON.parse(readFileSync(join(direct.path, 'out', UPSTREAM, 'acme/folders/1.0.0.json'), 'utf8')) as Archives
    const ours = (await (await get(`${UPSTREAM}/acme/folders/1.0.0.json`)).json()) as Archives
    expect(ours.archives[HERE]?.hashes[0]).toBe(theirs.archives[HERE]?.hashes[0])
    expectSuccess(await viaMirror(`${UPSTREAM}/acme/folders`).run(['init']))
  })

  // protocol.md N-7 (D01)
  test('the token goes with the documents and not with the archive', async () => {
    const token = await world.server.signIn()
    expectSuccess(await viaMirror().run(['init'], { TF_TOKEN_mirror_example_com: token }))
    expect(world.front.requests.map(({ method, path, headers }) => [method, path.split('/')[1], headers.authorization])).toEqual([
      ['GET', 'v1', `Bearer ${token}`],
      ['GET', 'v1', `Bearer ${token}`],
      ['HEAD', 'files', undefined],
      ['GET', 'files', undefined],
    ])
  })

  // protocol.md P-4 for the mirror (D06.401): no fall-through, or a wrong token would change the source.
  test('a wrong token stops the init', async () => {
    expectFailure(
      await viaBoth().run(['init'], { TF_TOKEN_mirror_example_com: 'wrong' }),
      `host ${MIRROR} rejected the given authentication credentials`,
    )
  })

  // protocol.md N-8 (D14), C81
  test('a lock file from the registry keeps working through the mirror', async () => {
    const workspace = world.workspace({ files: requires(SOURCE, '1.0.0') })
    expectSuccess(await workspace.run(['providers', 'lock', `-platform=${HERE}`]))
    workspace.configure(mirrorOnly(URL_OF_MIRROR))
    expectSuccess(await workspace.run(['init', '-lockfile=readonly']))
  })

  // protocol.md N-9 (D13b, D14b)
  test('a lock file from the mirror keeps working through the mirror and through the registry', async () => {
    const workspace = viaMirror(SOURCE, '1.0.0')
    expectSuccess(await workspace.run(['init']))
    workspace.clean({ keepLockFile: true })
    expectSuccess(await workspace.run(['init', '-lockfile=readonly']))
    workspace.clean({ keepLockFile: true })
    workspace.configure('')
    expectSuccess(await workspace.run(['init']))
  })

  // protocol.md N-10 (D23)
  test('a lock for several platforms is made from the mirror', async () => {
    const workspace = world.workspace({ files: requires(SOURCE, '1.0.0') })
    const platforms = [HERE, ...ELSEWHERE].map((platform) => `-platform=${platform}`)
    expectSuccess(await workspace.run(['providers', 'lock', `-net-mirror=${URL_OF_MIRROR}`, ...platforms]))
    expect(lockedHashes(workspace.read('.terraform.lock.hcl'), 'h1')).toHaveLength(3)
    expect(hostsAsked()).toEqual(new Set([MIRROR]))
  })

  // protocol.md N-11 (D24, F02)
  test('a provider of a host with a name that is not ASCII is loaded and installed', async () => {
    await world.upstream.addProvider('acme/idn', { versions: { '1.0.0': { platforms: [HERE] } } })
    const job = await world.api.load('provider "café.example.com/acme/idn" {\n  versions = ["1.0.0"]\n}\n')
    expect(job).toMatchObject({ state: 'completed' })
    const { text } = expectSuccess(await viaMirror('café.example.com/acme/idn').run(['init']))
    expect(text).toContain('Installed café.example.com/acme/idn v1.0.0')
  })

  // protocol.md N-17 (D20), P-22 for the mirror
  test('a pre-release is listed canonically and taken by its exact version', async () => {
    const { versions } = (await (await get(`${SOURCE}/index.json`)).json()) as { versions: Record<string, unknown> }
    expect(Object.keys(versions).sort()).toEqual(['1.0.0', '1.1.0', '1.2.0-rc.1'])
    expect((await viaMirror(SOURCE, '1.2.0-rc.1').run(['init'])).text).toContain(`Installed ${SOURCE} v1.2.0-rc.1`)
  })

  // protocol.md N-18 (D16, D17)
  test('no answer redirects', async () => {
    await viaMirror().run(['init'])
    expect(new Set(world.front.requests.map(({ status }) => status))).toEqual(new Set([200]))
  })

  // protocol.md N-3 for a version number in another spelling: the client asks for the normal form, people may not.
  test('a version that is not held answers an empty list of archives, nonsense does not', async () => {
    expect(await (await get(`${SOURCE}/9.9.9.json`)).json()).toEqual({ archives: {} })
    expect((await get(`${SOURCE}/banana.json`)).status).toBe(400)
  })

  test('a blocked version stops the init instead of coming from the next method', async () => {
    await world.upstream.addProvider('acme/risky', { versions: { '1.0.0': { platforms: [HERE] }, '1.1.0': { platforms: [HERE] } } })
    await world.api.load(`provider "${UPSTREAM}/acme/risky" {\n  versions = ["~> 1.0"]\n}\n`)
    const [held] = await world.api.packages({ type: 'risky', version: '1.1.0' })
    await world.api.change(held?.version_id ?? '', { blocked: true, blocked_reason: 'CVE-2026-0001' })
    expect(await viaBoth(`${UPSTREAM}/acme/risky`).run(['init'])).toMatchObject({ code: 1 })
    expect((await viaMirror(`${UPSTREAM}/acme/risky`).run(['init'])).text).toContain('v1.0.0')
  })

  // protocol.md N-16 (C51, F04)
  test('everything that was loaded installs while the upstream stalls, and nobody asks it', async () => {
    await world.upstream.addProvider('acme/kept', { versions: { '1.0.0': { platforms: [HERE] } } })
    await world.api.load(`provider "${UPSTREAM}/acme/kept" {\n  versions = ["1.0.0"]\n}\n`)
    world.upstream.requests.length = 0
    await world.upstream.setDefects('acme/kept', '1.0.0', { stall: true, status: { on: 'versions', status: 503 } })
    const workspace = viaMirror(`${UPSTREAM}/acme/kept`)
    expectSuccess(await workspace.run(['init']))
    workspace.clean({ keepLockFile: true })
    expectSuccess(await workspace.run(['init']))
    expect(world.upstream.requests).toEqual([])
  })
})

interface Archives {
  readonly archives: Readonly<Record<string, { readonly hashes: readonly string[] }>>
}
