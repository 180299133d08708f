import { openTestDatabase } from '@terrace/server/testing/dialects.ts'
import { describe, expect, test } from 'vitest'
import { mirrorOnly, requires } from './harness/client-files.ts'
import { HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { MIRROR, REGISTRY, startWorld, UPSTREAM } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import { startTcpRelay } from './harness/tcp-relay.ts'

describe.skipIf(reportMissing('terraform'))('a server on PostgreSQL', () => {
  test('publishes, loads and installs, and outlives an outage of its database', async () => {
    const { options } = await openTestDatabase('postgresql', { migrated: false })
    if (!('url' in options) || options.url === undefined) throw new Error('A PostgreSQL database has an address')
    const database = new URL(options.url)
    await using relay = await startTcpRelay({ host: database.hostname, port: Number(database.port) })
    database.hostname = '127.0.0.1'
    database.port = String(relay.port)
    await using world = await startWorld({ env: { TFR_DATABASE_URL: database.href } })

    await world.api.publish({ name: 'acme/widget', version: '1.0.0' })
    await world.upstream.addProvider('globex/foreign', { versions: { '1.0.0': { platforms: [HERE] } } })
    expect(await world.api.load(`provider "${UPSTREAM}/globex/foreign" {\n  versions = ["1.0.0"]\n}\n`)).toMatchObject({
      state: 'completed',
    })
    const own = world.workspace({ files: requires(`${REGISTRY}/acme/widget`) })
    const cliConfig = mirrorOnly(`https://${MIRROR}/v1/mirror/`)
    const foreign = world.workspace({ files: requires(`${UPSTREAM}/globex/foreign`), cliConfig })
    expectSuccess(await own.run(['init']))
    expectSuccess(await foreign.run(['init']))

    relay.cut()
    // reliability.md P5, F23: what was read before is still served.
    foreign.clean({ keepLockFile: true })
    expectSuccess(await foreign.run(['init']))
    expect((await fetch(`${world.server.url}/livez`)).status).toBe(200)
    // protocol.md D-8 (A30): for what was not, the error comes from the registry, not from the discovery.
    const unread = await world.workspace({ files: requires(`${REGISTRY}/acme/unread`) }).run(['init'])
    expect(unread.code).toBe(1)
    expect(unread.text).toMatch(/: 503 Cannot .* database.* returned from registry\.example\.com/)
    expect(unread.text).not.toContain('discovery')

    relay.mend()
    await expect.poll(async () => (await world.api.publish({ name: 'acme/later', version: '1.0.0' })).status, { timeout: 20_000 }).toBe(201)
    own.clean()
    expectSuccess(await own.run(['init']))
  })
})
