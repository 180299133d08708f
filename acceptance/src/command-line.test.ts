import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { mirrorOnly, requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { writeGoreleaserDist } from './harness/goreleaser-dist.ts'
import { healthyPackages } from './harness/publish-form.ts'
import { MIRROR, REGISTRY, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'

describe.skipIf(reportMissing('terraform'))('the terrace command', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    return world.close
  })

  function temporaryFolder(): string {
    const folder = makeTemporaryFolder('command-line')
    onTestFinished(folder.remove)
    return folder.path
  }

  test('loads a definition file and waits; the providers install from the mirror', async () => {
    await world.upstream.addProvider('acme/widget', { versions: { '5.31.0': { platforms: [HERE] }, '5.0.1': { platforms: [HERE] } } })
    const file = join(temporaryFolder(), 'providers.hcl')
    writeFileSync(file, `provider "${UPSTREAM}/acme/widget" {\n  versions  = ["5.31.0", "~> 5.0"]\n  platforms = ["${HERE}"]\n}\n`)
    const { code, output } = await world.server.terrace(['mirror', 'load', file, '--wait'])
    expect(code, output).toBe(0)
    const cliConfig = mirrorOnly(`https://${MIRROR}/v1/mirror/`)
    const client = world.workspace({ files: requires(`${UPSTREAM}/acme/widget`), cliConfig })
    expect(expectSuccess(await client.run(['init'])).text).toContain('v5.31.0')
  })

  test('fails when an item of the load has failed, and says why', async () => {
    await world.upstream.addProvider('globex/broken', { versions: { '1.0.0': { platforms: [HERE], defects: { badSignature: true } } } })
    const file = join(temporaryFolder(), 'providers.hcl')
    writeFileSync(file, `provider "${UPSTREAM}/globex/broken" {\n  versions = ["1.0.0"]\n}\n`)
    const { code, output } = await world.server.terrace(['mirror', 'load', file, '--wait'])
    expect(code).toBe(1)
    expect(output).toContain('globex/broken 1.0.0')
    expect(output).toMatch(/signature/i)
  })

  test('names line and column of a syntax error', async () => {
    const file = join(temporaryFolder(), 'providers.hcl')
    writeFileSync(file, 'provider "acme/widget" {\n  versions = [\n')
    const { code, output } = await world.server.terrace(['mirror', 'load', file])
    expect(code).toBeGreaterThan(0)
    expect(output).toMatch(/line 2|line 3|:[23](?:[:,]\d+)/)
  })

  // requirements.md C33
  test('publishes a dist folder without a signature, which the registry then signs', async () => {
    const dist = join(temporaryFolder(), 'dist')
    const packages = healthyPackages('acme/unsigned', '0.2.0', [HERE, ...ELSEWHERE])
    await writeGoreleaserDist({ folder: dist, type: 'unsigned', version: '0.2.0', packages, protocols: ['5.0'] })
    const publish = ['provider', 'publish', dist, '--namespace', 'acme']
    for (const attempt of ['first', 'again']) {
      const { code, output } = await world.server.terrace(publish)
      expect(code, `${attempt}: ${output}`).toBe(0)
    }
    const [held] = await world.api.packages({ type: 'unsigned' })
    expect(held?.signed_by).toBe('registry')
    const client = world.workspace({ files: requires(`${REGISTRY}/acme/unsigned`) })
    const { text } = expectSuccess(await client.run(['init']))
    expect(text).toContain(`v0.2.0 (self-signed, key ID ${held?.signing_key.slice(-16)})`)
  })
})
