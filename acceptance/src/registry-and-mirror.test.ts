import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lockedHashes, mirrorOnly, requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { healthyPackages } from './harness/publish-form.ts'
import { MIRROR, REGISTRY, startWorld, UPSTREAM } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import { startTerrace } from './harness/terrace-server.ts'
import { createWorkspace } from './harness/terraform-cli.ts'

const PUBLIC_ADDRESS = `server {\n  public_url = "https://${REGISTRY}"\n}\n`

describe.skipIf(reportMissing('terraform'))('registry and mirror of one server', () => {
  // protocol.md N-15 (F14)
  test('both are used in one run with one token', async () => {
    await using world = await startWorld()
    await world.api.publish({ name: 'acme/own', version: '1.0.0' })
    await world.upstream.addProvider('globex/foreign', { versions: { '1.0.0': { platforms: [HERE] } } })
    await world.api.load(`provider "${UPSTREAM}/globex/foreign" {\n  versions = ["1.0.0"]\n}\n`)
    const token = await world.server.signIn()
    const workspace = world.workspace({
      files: {
        'own.tf': requires(`${REGISTRY}/acme/own`)['main.tf'],
        'modules/m/main.tf': requires(`${UPSTREAM}/globex/foreign`)['main.tf'],
        'main.tf': 'module "m" {\n  source = "./modules/m"\n}\n',
      },
      cliConfig:
        `provider_installation {\n  network_mirror {\n    url     = "https://${REGISTRY}/v1/mirror/"\n    include = ["${UPSTREAM}/*/*"]\n  }\n` +
        `  direct {\n    exclude = ["${UPSTREAM}/*/*"]\n  }\n}\n`,
    })
    expectSuccess(await workspace.run(['init'], { TF_TOKEN_registry_example_com: token }))
    const { requests } = world.front
    expect(new Set(requests.map(({ host }) => host))).toEqual(new Set([REGISTRY]))
    const documents = requests.filter(({ path }) => path.startsWith('/v1/'))
    expect(new Set(documents.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${token}`]))
  })

  // requirements.md MIR: what is published here is in the mirror under our own name.
  test('one lock file works through the registry and through the mirror, in both directions', async () => {
    await using world = await startWorld({ edge: PUBLIC_ADDRESS })
    const packages = healthyPackages('acme/own', '1.0.0', [HERE, ...ELSEWHERE])
    await world.api.publish({ name: 'acme/own', version: '1.0.0', packages })
    const files = requires(`${REGISTRY}/acme/own`)
    for (const [first, second] of [
      ['', mirrorOnly(`https://${MIRROR}/v1/mirror/`)],
      [mirrorOnly(`https://${MIRROR}/v1/mirror/`), ''],
    ] as const) {
      const workspace = world.workspace({ files, cliConfig: first })
      expectSuccess(await workspace.run(['init']))
      const before = lockedHashes(workspace.read('.terraform.lock.hcl'), 'h1')
      workspace.clean({ keepLockFile: true })
      workspace.configure(second)
      expectSuccess(await workspace.run(['init']))
      expect(lockedHashes(workspace.read('.terraform.lock.hcl'), 'h1')).toEqual(before)
    }
  })

  // requirements.md MIR: what was loaded outlives its upstream.
  test('a server that starts again after its upstream has gone for good serves all that it had loaded', async () => {
    await using world = await startWorld()
    await world.upstream.addProvider('globex/foreign', { versions: { '1.0.0': { platforms: [HERE] } } })
    await world.api.load(`provider "${UPSTREAM}/globex/foreign" {\n  versions = ["1.0.0"]\n}\n`)
    await world.upstream.close()
    await world.server.stop()
    await using again = await startTerrace({ dataDir: world.server.dataDir })
    world.front.route(MIRROR, again.url)
    const client = world.workspace({ files: requires(`${UPSTREAM}/globex/foreign`), cliConfig: mirrorOnly(`https://${MIRROR}/v1/mirror/`) })
    expectSuccess(await client.run(['init']))
  })

  // The way of a first user: no proxy, no name, the local authority and the CLI configuration as the server has written it.
  test('a client that trusts the local authority uses both over the https listener', async () => {
    await using world = await startWorld({ localTls: true, edge: '' })
    await world.api.publish({ name: 'acme/own', version: '1.0.0' })
    await world.upstream.addProvider('globex/foreign', { versions: { '1.0.0': { platforms: [HERE] } } })
    const caPath = join(world.server.dataDir, 'tls/ca.pem')
    const host = new URL(world.server.tlsUrl ?? '').host
    using registryClient = createWorkspace({ files: requires(`${host}/acme/own`), caPath })
    expect(await registryClient.run(['init'])).toMatchObject({
      code: 0,
      text: expect.stringContaining(`Installed ${host}/acme/own v1.0.0`),
    })
    const cliConfig = readFileSync(join(world.server.dataDir, 'terrace.tfrc'), 'utf8')
    expect(cliConfig).toContain(`${world.server.tlsUrl}/v1/mirror/`)
    await world.api.load(`provider "${UPSTREAM}/globex/foreign" {\n  versions = ["1.0.0"]\n}\n`)
    using mirrorClient = createWorkspace({
      files: requires(`${UPSTREAM}/globex/foreign`),
      caPath,
      cliConfig: mirrorOnly(`${world.server.tlsUrl}/v1/mirror/`),
    })
    expect(expectSuccess(await mirrorClient.run(['init'])).text).toContain('(verified checksum)')
  })
})
