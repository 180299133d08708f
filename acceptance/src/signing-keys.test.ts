import { startLoopbackServer } from '@terrace/server/testing/loopback-server.ts'
import { describe, expect, test } from 'vitest'
import { mirrorOnly, requires } from './harness/client-files.ts'
import { HERE } from './harness/current-platform.ts'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { type GnupgKey, makeGnupgKey } from './harness/gnupg-key.ts'
import { healthyPackages, type PublishInput, shasumsOf } from './harness/publish-form.ts'
import { MIRROR, REGISTRY, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

const versions = (defects: object, ...names: readonly string[]) => ({
  versions: Object.fromEntries(names.map((name) => [name, { platforms: [HERE], defects }])),
})
const definition = (version: string) => `provider "${UPSTREAM}/acme/widget" {\n  versions = ["${version}"]\n}\n`
const ALSO_AS_REGISTRY = `
  providers {
    default_hostname = "${UPSTREAM}"
  }
`

/** `terraform init` of one version through our registry, which hands out the key; the client checks the signature by itself. */
async function install(world: World, version: string) {
  const workspace = world.workspace({ files: requires(`${REGISTRY}/acme/widget`, version) })
  return workspace.run(['init'])
}

const send = (world: World, path: string, body: object): Promise<Response> =>
  world.api.request(`/api/v1/admin/signing-keys${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

async function signedInput(version: string, by: GnupgKey): Promise<PublishInput> {
  const packages = healthyPackages('acme/widget', version, [HERE])
  const shasums = shasumsOf('acme/widget', version, packages)
  return { name: 'acme/widget', version, packages, shasums, signature: await by.sign(shasums), signingKey: by.asciiArmor }
}

describe.skipIf(reportMissing('terraform') || reportMissing('gpg'))('signing keys as a client sees them', () => {
  // reliability.md row 42
  test('after a rotation old and new versions install, each checked with its own key', async () => {
    await using world = await startWorld({ config: ALSO_AS_REGISTRY })
    await world.upstream.addProvider('acme/widget', versions({}, '1.0.0'))
    await world.upstream.addProvider('acme/widget', versions({ rotatedKey: true }, '2.0.0'))
    await world.api.load(definition('1.0.0'))
    const { id } = await world.api.load(definition('2.0.0'))
    const [next, old] = await world.api.signingKeys()
    expect([next?.state, old?.state]).toEqual(['pending', 'trusted'])
    await world.api.acceptKey(next?.id ?? '')
    await world.api.retryJob(id)
    expect(await world.api.waitForJob(id)).toMatchObject({ state: 'completed' })
    expect((await send(world, `/${old?.id}/retire`, { at: '2020-07-01T00:00:00Z' })).status).toBe(200)

    expect(expectSuccess(await install(world, '1.0.0')).text).toContain(`self-signed, key ID ${old?.fingerprint.slice(-16)}`)
    expect(expectSuccess(await install(world, '2.0.0')).text).toContain(`self-signed, key ID ${next?.fingerprint.slice(-16)}`)
  })

  test('a publisher rotates the key: both are trusted, and either version installs', async () => {
    await using world = await startWorld()
    await using old = await makeGnupgKey('old')
    await using next = await makeGnupgKey('next')
    const releases = [
      ['1.0.0', old],
      ['2.0.0', next],
    ] as const
    for (const [version, key] of releases) {
      const added = await send(world, '', { scope: '_self/acme', ascii_armor: key.asciiArmor, fingerprint: key.fingerprint })
      expect(added.status).toBe(201)
      expect(await world.api.publish(await signedInput(version, key))).toMatchObject({ status: 201 })
    }
    for (const [version, { fingerprint }] of releases) {
      expect(expectSuccess(await install(world, version)).text).toContain(`self-signed, key ID ${fingerprint.slice(-16)}`)
    }
  })

  test('what its upstream does not sign installs through mirror and registry where it is marked, and nowhere else', async () => {
    const marked = `
      mirror {
        unsigned = ["${UPSTREAM}/acme/widget"]
      }
    `
    await using world = await startWorld({ config: ALSO_AS_REGISTRY + marked })
    const unsigned = versions({ missingSignature: true, withoutKeys: true }, '1.0.0')
    await world.upstream.addProvider('acme/widget', unsigned)
    await world.upstream.addProvider('acme/gadget', unsigned)
    expect(await world.api.load(definition('1.0.0'))).toMatchObject({ state: 'completed' })
    expect(await world.api.load(definition('1.0.0').replace('widget', 'gadget'))).toMatchObject({ state: 'failed' })
    expectSuccess(await install(world, '1.0.0'))
    const viaMirror = (type: string) =>
      world.workspace({ files: requires(`${UPSTREAM}/acme/${type}`), cliConfig: mirrorOnly(`https://${MIRROR}/v1/mirror/`) }).run(['init'])
    expectSuccess(await viaMirror('widget'))
    expectFailure(await viaMirror('gadget'), 'Failed to query available provider packages')
  })

  // protocol.md C17: clients refuse what a revoked key has signed, so they must be given the revocation.
  test('a key whose revocation was taken over installs nothing more through the registry', async () => {
    await using key = await makeGnupgKey('revoked')
    let published = key.asciiArmor
    await using server = await startLoopbackServer((_request, response) => response.end(published))
    const source = `
      mirror {
        signing_key_sources {
          scope        = "${REGISTRY}/acme"
          url          = "${server.url}/key.asc"
          fingerprints = ["${key.fingerprint}"]
        }
      }
    `
    await using world = await startWorld({ config: source })
    expect(await world.api.publish(await signedInput('1.0.0', key))).toMatchObject({ status: 201 })
    expectSuccess(await install(world, '1.0.0'))
    published = await key.revoke()
    expect(await (await send(world, '/refresh', {})).json()).toMatchObject({ items: [{ outcome: 'revoked' }] })
    expectFailure(await install(world, '1.0.0'), 'revoked')
  })
})
