import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildProviderZip, buildZip } from '@terrace/server/testing/zip-writer.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { type GnupgKey, makeGnupgKey } from './harness/gnupg-key.ts'
import { writeGoreleaserDist } from './harness/goreleaser-dist.ts'
import { healthyPackages, type PublishInput, shasumsOf } from './harness/publish-form.ts'
import { REGISTRY, startWorld, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'

const PLATFORMS = [HERE, ...ELSEWHERE]

describe.skipIf(reportMissing('terraform'))('publishing', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    return world.close
  })

  const init = (name: string, version?: string) => world.workspace({ files: requires(`${REGISTRY}/${name}`, version) }).run(['init'])

  test('a version without a signature is signed by the registry and installs', async () => {
    const { status, body } = await world.api.publish({ name: 'acme/plain', version: '1.0.0' })
    expect({ status, body }).toMatchObject({ status: 201, body: { signed_by: 'registry' } })
    const { text } = expectSuccess(await init('acme/plain'))
    expect(text).toContain(`self-signed, key ID ${String(body.signing_key).slice(-16)}`)
  })

  test('the registry signs every version with the same key', async () => {
    const [first, second] = [
      await world.api.publish({ name: 'acme/same', version: '1.0.0' }),
      await world.api.publish({ name: 'other/same', version: '1.0.0' }),
    ]
    expect(first.body.signing_key).toBe(second.body.signing_key)
  })

  test('platforms may come one by one, and the list is signed anew for each', async () => {
    for (const platform of PLATFORMS) {
      const packages = healthyPackages('acme/gradual', '1.0.0', [platform])
      expect(await world.api.publish({ name: 'acme/gradual', version: '1.0.0', packages })).toMatchObject({ status: 201 })
    }
    expectSuccess(await init('acme/gradual'))
    expect(await world.api.packages({ type: 'gradual' })).toHaveLength(3)
  })

  // requirements.md C33: a published version never changes.
  test('the same bytes again are fine, other bytes are refused with both digests', async () => {
    const input = { name: 'acme/fixed', version: '1.0.0' }
    expect(await world.api.publish(input)).toMatchObject({ status: 201 })
    expect(await world.api.publish(input)).toMatchObject({ status: 200, body: { platforms: [{ created: false }] } })
    const packages = { [HERE]: buildProviderZip({ type: 'fixed', version: '1.0.0', content: 'other' }) }
    const refused = await world.api.publish({ ...input, packages })
    expect(refused).toMatchObject({ status: 409, body: { code: 'PROVIDER_VERSION_EXISTS' } })
    expect(JSON.stringify(refused.body)).toMatch(/zh:[0-9a-f]{64}.*zh:[0-9a-f]{64}/)
    expectSuccess(await init('acme/fixed'))
  })

  // reliability.md F25
  test('of many publishers with different bytes exactly one wins', async () => {
    const attempts = Array.from({ length: 8 }, (_, index) =>
      world.api.publish({
        name: 'acme/contested',
        version: '1.0.0',
        packages: { [HERE]: buildProviderZip({ type: 'contested', version: '1.0.0', content: `#!/bin/sh\necho ${index}\n` }) },
      }),
    )
    const statuses = (await Promise.all(attempts)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(7)
    expectSuccess(await init('acme/contested'))
  })

  // protocol.md P-17 (C80, D13)
  test.each<[string, Buffer]>([
    ['without the binary at its root', buildZip([{ name: 'bin/terraform-provider-odd_v1.0.0', content: 'x' }])],
    ['with a binary of another name', buildZip([{ name: 'terraform-provider-other_v1.0.0', content: 'x' }])],
    ['with folder entries', buildZip([{ name: 'docs/' }, { name: 'terraform-provider-odd_v1.0.0', content: 'x' }])],
    ['with a binary that is not executable', buildZip([{ name: 'terraform-provider-odd_v1.0.0', content: 'x', mode: 0o100644 }])],
    [
      'that leads out of the folder',
      buildZip([
        { name: 'terraform-provider-odd_v1.0.0', content: 'x' },
        { name: '../x', content: 'x' },
      ]),
    ],
    ['that is no zip', Buffer.from('<html></html>')],
  ])('a package %s is refused and nothing of it is served', async (_name, zip) => {
    const refused = await world.api.publish({ name: 'acme/odd', version: '1.0.0', packages: { [HERE]: zip } })
    expect(refused).toMatchObject({ status: 422, body: { code: 'INVALID_PACKAGE' } })
    expect((await fetch(`${world.server.url}/v1/providers/acme/odd/versions`)).status).toBe(404)
  })

  test('one bad package of several keeps the whole version out', async () => {
    const packages = { ...healthyPackages('acme/half', '1.0.0', [HERE]), [ELSEWHERE[0]]: Buffer.from('no zip') }
    expect(await world.api.publish({ name: 'acme/half', version: '1.0.0', packages })).toMatchObject({ status: 422 })
    expect(await world.api.packages({ type: 'half' })).toEqual([])
  })
})

describe.skipIf(reportMissing('terraform') || reportMissing('gpg'))('publishing with a key of one’s own', () => {
  let world: World
  let key: GnupgKey
  let successor: GnupgKey
  beforeAll(async () => {
    ;[world, key, successor] = await Promise.all([startWorld(), makeGnupgKey('acme'), makeGnupgKey('successor')])
    return async () => {
      await Promise.all([world.close(), key[Symbol.asyncDispose](), successor[Symbol.asyncDispose]()])
    }
  })

  const init = (name: string, version?: string) => world.workspace({ files: requires(`${REGISTRY}/${name}`, version) }).run(['init'])

  async function signedInput(name: string, version: string, by: GnupgKey): Promise<PublishInput & { shasums: Buffer; signature: Buffer }> {
    const packages = healthyPackages(name, version, PLATFORMS)
    const shasums = shasumsOf(name, version, packages)
    return { name, version, packages, shasums, signature: await by.sign(shasums), signingKey: by.asciiArmor }
  }

  // protocol.md P-9 (C21), P-10 (C10), P-11 (C29)
  test('list, signature and key are served as the publisher made them', async () => {
    const input = await signedInput('acme/signed', '1.0.0', key)
    expect(await world.api.publish(input)).toMatchObject({ status: 201, body: { signed_by: 'publisher', signing_key: key.fingerprint } })
    const { text } = expectSuccess(await init('acme/signed'))
    expect(text).toContain(`self-signed, key ID ${key.fingerprint.slice(-16)}`)
    const [os, arch] = HERE.split('_')
    const response = await fetch(`${world.server.url}/v1/providers/acme/signed/1.0.0/download/${os}/${arch}`)
    const document = (await response.json()) as Record<'shasums_url' | 'shasums_signature_url', string>
    const bytesOf = async (link: string) => Buffer.from(await (await fetch(new URL(link, world.server.url))).arrayBuffer())
    expect(await bytesOf(document.shasums_url)).toEqual(input.shasums)
    expect(await bytesOf(document.shasums_signature_url)).toEqual(input.signature)
  })

  // protocol.md P-10 (C10)
  test('an armored signature is refused', async () => {
    const input = await signedInput('acme/armored', '1.0.0', key)
    const refused = await world.api.publish({ ...input, signature: await key.sign(input.shasums, { armored: true }) })
    expect(refused).toMatchObject({ status: 422, body: { code: 'INVALID_SIGNATURE' } })
  })

  test('a signature over other bytes is refused', async () => {
    const input = await signedInput('acme/tampered', '1.0.0', key)
    const refused = await world.api.publish({ ...input, signature: await key.sign(Buffer.concat([input.shasums, Buffer.from('\n')])) })
    expect(refused).toMatchObject({ status: 422, body: { code: 'INVALID_SIGNATURE' } })
  })

  // protocol.md P-8 (C30.blank): the client would crash on it.
  test('a checksum list with a blank line is refused', async () => {
    const input = await signedInput('acme/blank', '1.0.0', key)
    const shasums = Buffer.concat([input.shasums, Buffer.from('\n')])
    const refused = await world.api.publish({ ...input, shasums, signature: await key.sign(shasums) })
    expect(refused).toMatchObject({ status: 422, body: { code: 'INVALID_SHASUMS' } })
  })

  // protocol.md P-11 (C17, C26b)
  test('private and revoked keys are refused', async () => {
    await using revoked = await makeGnupgKey('revoked')
    const input = await signedInput('revoked/tool', '1.0.0', revoked)
    for (const signingKey of [await revoked.exportPrivate(), await revoked.revoke()]) {
      expect(await world.api.publish({ ...input, signingKey })).toMatchObject({ status: 422, body: { code: 'INVALID_SIGNING_KEY' } })
    }
  })

  // protocol.md P-12 (C11, C12)
  test('after a change of keys that an administrator has accepted, old and new versions install', async () => {
    expect(await world.api.publish(await signedInput('globex/rotated', '1.0.0', key))).toMatchObject({ status: 201 })
    const next = await signedInput('globex/rotated', '2.0.0', successor)
    expect(await world.api.publish(next)).toMatchObject({ status: 409, body: { code: 'SIGNING_KEY_CONFLICT' } })
    const pending = (await world.api.signingKeys()).find(({ fingerprint }) => fingerprint === successor.fingerprint)
    expect(pending?.state).toBe('pending')
    await world.api.acceptKey(pending?.id ?? '')
    expect(await world.api.publish(next)).toMatchObject({ status: 201 })
    for (const [version, signer] of [
      ['1.0.0', key],
      ['2.0.0', successor],
    ] as const) {
      const { text } = expectSuccess(await init('globex/rotated', version))
      expect(text).toContain(signer.fingerprint.slice(-16))
    }
  })

  // protocol.md P-9, P-18 (C70)
  test('the dist folder of GoReleaser is published by one command and installs', async () => {
    const folder = makeTemporaryFolder('dist')
    const dist = join(folder.path, 'dist')
    const packages = healthyPackages('acme/released', '1.4.2', PLATFORMS)
    await writeGoreleaserDist({ folder: dist, type: 'released', version: '1.4.2', packages, protocols: ['6.0'], sign: key.sign })
    const keyFile = join(folder.path, 'key.asc')
    writeFileSync(keyFile, key.asciiArmor)
    const published = await world.server.terrace(['provider', 'publish', dist, '--namespace', 'acme', '--key', keyFile])
    expect(published.code, published.output).toBe(0)
    const { text } = expectSuccess(await init('acme/released'))
    expect(text).toContain(`Installed ${REGISTRY}/acme/released v1.4.2 (self-signed, key ID ${key.fingerprint.slice(-16)})`)
    const { versions } = (await (await fetch(`${world.server.url}/v1/providers/acme/released/versions`)).json()) as {
      versions: { protocols: string[] }[]
    }
    expect(versions[0]?.protocols).toEqual(['6.0'])
    folder.remove()
  })
})
