import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { findBinary, reportMissing } from './harness/required-binaries.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'

const WIDGET = `${UPSTREAM}/acme/widget`

describe.skipIf(reportMissing('terraform'))('an air-gap bundle', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    return world.close
  })

  /** A bundle of one provider for this platform and others. */
  async function createBundle() {
    await world.upstream.addProvider('acme/widget', { versions: { '1.2.0': { platforms: [HERE, ...ELSEWHERE] } } })
    const { path: folder, remove } = makeTemporaryFolder('air-gap')
    onTestFinished(remove)
    writeFileSync(join(folder, 'providers.hcl'), `provider "${WIDGET}" {\n  versions = ["1.2.0"]\n}\n`)
    const run = async (...args: string[]): Promise<string> => {
      const { code, output } = await world.server.terrace(args)
      expect(code, output).toBe(0)
      return output
    }
    await run('mirror', 'load', join(folder, 'providers.hcl'), '--wait')
    const output = await run('bundle', 'create', 'site', '--definition', join(folder, 'providers.hcl'), '--out', folder, '--split', '4096')
    const parts = readdirSync(folder).filter((file) => file.includes('.tfbundle.'))
    return { folder, parts, run, fingerprint: /signing key +([0-9A-F]{40})/.exec(output)?.[1] ?? '' }
  }

  test('is verified without a server, and unpacks into a filesystem mirror that the client takes', async () => {
    const { folder, parts, run, fingerprint } = await createBundle()
    expect(await run('bundle', 'verify', join(folder, 'site.manifest.json'), '--key', fingerprint)).toContain('whole and unchanged')
    const root = join(folder, 'unpacked')
    mkdirSync(root)
    for (const part of parts) execFileSync('tar', ['-xf', join(folder, part), '-C', root])
    const cliConfig = `provider_installation {\n  filesystem_mirror {\n    path = "${join(root, 'providers')}"\n  }\n}\n`
    const client = world.workspace({ files: requires(WIDGET, '1.2.0'), cliConfig })
    expect(expectSuccess(await client.run(['init'])).text).toContain('v1.2.0')
  })

  // docs/air-gap.md: for those who trust no program of ours.
  test.skipIf(reportMissing('gpg'))('is signed so that GnuPG verifies it', async () => {
    const { folder } = await createBundle()
    const manifest = join(folder, 'site.manifest.json')
    const home = join(folder, 'gnupg')
    mkdirSync(home, { mode: 0o700 })
    const gpg = (...args: string[]): void =>
      void execFileSync(findBinary('gpg') ?? 'gpg', ['--homedir', home, '--batch', ...args], { stdio: 'pipe' })
    const { signing_key: key } = JSON.parse(readFileSync(manifest, 'utf8')) as { signing_key: { ascii_armor: string } }
    writeFileSync(join(folder, 'key.asc'), key.ascii_armor)
    gpg('--import', join(folder, 'key.asc'))
    gpg('--verify', `${manifest}.sig`, manifest)
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('1.2.0', '1.2.1'))
    expect(() => gpg('--verify', `${manifest}.sig`, manifest)).toThrow()
  })
})
