import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { type FakeModules, startFakeModules } from '@terrace/server/testing/fake-modules.ts'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { lockedHashes, mirrorOnly, requires } from './harness/client-files.ts'
import { ELSEWHERE, HERE } from './harness/current-platform.ts'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { moduleForm } from './harness/module-form.ts'
import { MIRROR, REGISTRY, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import { makeTemporaryFolder } from './harness/temporary-folder.ts'

const PLATFORMS = [HERE, ...ELSEWHERE]
const WIDGET = `${UPSTREAM}/acme/widget`
const LOCK = '.terraform.lock.hcl'
const VIA_MIRROR = { files: requires(WIDGET, '1.1.0'), cliConfig: mirrorOnly(`https://${MIRROR}/v1/mirror/`) }

const MODULE = 'output "size" {\n  value = 3\n}\n'
const CALLS_MODULE = `module "vpc" {\n  source  = "${REGISTRY}/acme/vpc/aws"\n  version = "1.0.0"\n}\n`

/** A registry of public modules; clients never ask it. */
const PUBLIC = 'modules.example.com'
const INNER = requires(WIDGET, '1.1.0')['main.tf']
const PUBLIC_FILES = {
  'main.tf': 'module "part" {\n  source = "./modules/part"\n}\n',
  'modules/part/main.tf': `module "inner" {\n  source  = "${PUBLIC}/globex/inner/aws"\n  version = "~> 1.0"\n}\n`,
}
const CALLS_PUBLIC = `module "net" {\n  source  = "${PUBLIC}/Globex/outer/aws"\n  version = "1.0.0"\n}\n`
/** All that a user changes. */
const OVERRIDDEN = `${mirrorOnly(`https://${MIRROR}/v1/mirror/`)}host "${PUBLIC}" {\n  services = {\n    "modules.v1" = "https://${REGISTRY}/v1/upstream/${PUBLIC}/modules/"\n  }\n}\n`

const onDemand = (modules: FakeModules) => `
  features {
    auto_download_modules = true
  }
  mirror {
    upstreams = ["${PUBLIC}"]
  }
  upstream "${PUBLIC}" {
    url = "${modules.url}"
  }
`

/** The registry has a name, by which configurations call its modules. */
const NAMED = `
  server {
    behind_proxy    = true
    trusted_proxies = ["127.0.0.1/32"]
    public_url      = "https://${REGISTRY}"
  }
`

const sealed = (trustedKeys: readonly string[]) => `
  mirror {
    sealed = true
  }
  bundles {
    trusted_keys = ${JSON.stringify(trustedKeys)}
  }
`

/** Runs a command of the executable that must succeed. */
async function terrace(world: World, ...args: string[]): Promise<string> {
  const { code, output } = await world.server.terrace(args)
  expect(code, `terrace ${args.join(' ')}\n${output}`).toBe(0)
  return output
}

function temporaryFolder(): string {
  const folder = makeTemporaryFolder('air-gap')
  onTestFinished(folder.remove)
  return folder.path
}

describe.skipIf(reportMissing('terraform'))('what is carried into an air gap', () => {
  /** Outside: it has an upstream, and goes away before anything is installed inside. */
  let outside: World
  let carried: string
  let manifestPath: string
  let manifest: BundleManifest
  let lockOutside: string

  beforeAll(async () => {
    const folder = makeTemporaryFolder('carried')
    carried = folder.path
    const modules = await startFakeModules()
    modules.add('Globex/outer/aws', { '1.0.0': { files: PUBLIC_FILES } })
    modules.add('globex/inner/aws', { '1.0.0': { files: { 'main.tf': INNER } } })
    outside = await startWorld({ edge: NAMED, config: onDemand(modules) })
    await outside.upstream.addProvider('acme/widget', {
      versions: { '1.0.0': { platforms: PLATFORMS }, '1.1.0': { platforms: PLATFORMS } },
    })
    const definition = join(carried, 'providers.hcl')
    writeFileSync(definition, `provider "${WIDGET}" {\n  versions = ["1.0.0", "1.1.0"]\n  platforms = ${JSON.stringify(PLATFORMS)}\n}\n`)
    await terrace(outside, 'mirror', 'load', definition, '--wait')
    const form = moduleForm({ address: 'acme/vpc/aws', version: '1.0.0', files: { 'main.tf': MODULE } })
    const token = await outside.server.signIn()
    const published = await fetch(`${outside.server.url}/api/v1/modules`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: form,
    })
    expect(published.status).toBe(201)
    mkdirSync(join(carried, 'live'))
    writeFileSync(join(carried, 'live/main.tf'), CALLS_MODULE)
    mkdirSync(join(carried, 'public'))
    writeFileSync(join(carried, 'public/main.tf'), CALLS_PUBLIC)

    const client = outside.workspace(VIA_MIRROR)
    expectSuccess(await client.run(['init']))
    lockOutside = client.read(LOCK) ?? ''
    expectSuccess(await client.run(['providers', 'mirror', `-platform=${HERE}`, join(carried, 'mirror')]))

    await terrace(outside, 'bundle', 'create', 'site-a', '--definition', definition, '--out', carried)
    manifestPath = join(carried, 'site-a.manifest.json')
    manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as BundleManifest
    await terrace(outside, 'bundle', 'create', 'live', '--config', join(carried, 'live'), '--out', carried)
    await terrace(outside, 'bundle', 'create', 'public', '--config', join(carried, 'public'), '--platform', HERE, '--out', carried)
    await Promise.all([outside.close(), modules.close()])
    return folder.remove
  })

  test('a bundle installs from a sealed registry, with the hashes of the lock file outside', async () => {
    const inside = await startWorld({ config: sealed([manifest.signing_key.fingerprint]) })
    onTestFinished(inside.close)
    const { code, output } = await inside.server.terrace(['bundle', 'import', manifestPath])
    expect(code, output).toBe(5)
    const [key] = manifest.keys.filter(({ fingerprint }) => output.includes(fingerprint))
    expect(output).toContain('--trust-keys')
    await terrace(inside, 'bundle', 'import', manifestPath, '--trust-keys', key?.fingerprint ?? '')

    const client = inside.workspace(VIA_MIRROR)
    const { text } = expectSuccess(await client.run(['init']))
    expect(text).toContain(`Installed ${WIDGET} v1.1.0 (verified checksum)`)
    expect(client.read(LOCK)).toBe(lockOutside)
    const again = inside.workspace({ ...VIA_MIRROR, files: { ...VIA_MIRROR.files, [LOCK]: lockOutside } })
    expectSuccess(await again.run(['init', '-lockfile=readonly']))
    expectFailure(await inside.workspace({ ...VIA_MIRROR, files: requires(WIDGET, '2.0.0') }).run(['init']), 'no available releases match')

    expect(await terrace(inside, 'bundle', 'import', manifestPath)).toMatch(/added\s+0/)
    expect(inside.upstream.requests).toEqual([])
    expect(new Set(inside.front.requests.map(({ host }) => host))).toEqual(new Set([MIRROR]))
  })

  test('a module of a bundle installs under its old name', async () => {
    const inside = await startWorld({ config: sealed([manifest.signing_key.fingerprint]) })
    onTestFinished(inside.close)
    await terrace(inside, 'bundle', 'import', join(carried, 'live.manifest.json'))
    const client = inside.workspace({ files: { 'main.tf': CALLS_MODULE } })
    expectSuccess(await client.run(['init']))
    expect(client.read('.terraform/modules/vpc/main.tf')).toBe(MODULE)
  })

  test('a public module installs without a change in any file, with the one that it calls and the provider of that', async () => {
    const inside = await startWorld({ config: sealed([manifest.signing_key.fingerprint]) })
    onTestFinished(inside.close)
    const path = join(carried, 'public.manifest.json')
    expect(await terrace(inside, 'bundle', 'verify', path)).toContain('2 module versions')
    const keys = manifest.keys.flatMap(({ fingerprint }) => ['--trust-keys', fingerprint])
    expect(await terrace(inside, 'bundle', 'import', path, '--dry-run', ...keys)).toMatch(/to add\s+3/)
    await terrace(inside, 'bundle', 'import', path, ...keys)
    const client = inside.workspace({ files: { 'main.tf': CALLS_PUBLIC }, cliConfig: OVERRIDDEN })
    expect(expectSuccess(await client.run(['init'])).text).toContain(`Installed ${WIDGET} v1.1.0`)
    expect(client.read('.terraform/modules/net/modules/part/main.tf')).toBe(PUBLIC_FILES['modules/part/main.tf'])
    expect(client.read('.terraform/modules/net.part.inner/main.tf')).toBe(INNER)
    expect(await terrace(inside, 'mirror', 'module', 'list')).toContain('outer')
    expect(await terrace(inside, 'bundle', 'import', path)).toMatch(/added\s+0/)
    expect(inside.upstream.requests).toEqual([])
    expect(new Set(inside.front.requests.map(({ host }) => host))).toEqual(new Set([MIRROR, REGISTRY]))
  })

  test('a bundle whose key nobody has said to trust stays outside', async () => {
    const inside = await startWorld({ config: sealed([]) })
    onTestFinished(inside.close)
    const { code, output } = await inside.server.terrace(['bundle', 'import', manifestPath])
    expect(code).not.toBe(0)
    expect(output).toContain(manifest.signing_key.fingerprint)
    expect(await inside.api.packages({ type: 'widget' })).toEqual([])
  })

  test('a bundle with one changed byte is refused before anything is sent', async () => {
    const inside = await startWorld({ config: sealed([manifest.signing_key.fingerprint]) })
    onTestFinished(inside.close)
    const folder = temporaryFolder()
    for (const name of readdirSync(carried).filter((file) => file.startsWith('site-a.'))) {
      const bytes = readFileSync(join(carried, name))
      if (name.endsWith('.001')) bytes[2_000] = (bytes[2_000] ?? 0) ^ 1
      writeFileSync(join(folder, name), bytes)
    }
    const keys = manifest.keys.flatMap(({ fingerprint }) => ['--trust-keys', fingerprint])
    const { code, output } = await inside.server.terrace(['bundle', 'import', join(folder, 'site-a.manifest.json'), ...keys])
    expect(code).toBe(1)
    expect(output).toContain('site-a.tfbundle.001')
    expect(output).toContain('Nothing was sent')
    expect(await inside.api.packages({ type: 'widget' })).toEqual([])
  })

  test('a folder of "terraform providers mirror" installs once it is let in without a signature', async () => {
    const inside = await startWorld({ config: sealed([]) })
    onTestFinished(inside.close)
    const folder = join(carried, 'mirror')
    const { code, output } = await inside.server.terrace(['bundle', 'import', folder])
    expect(code, output).toBe(5)
    expect(output).toContain('nothing signed speaks for it')
    await terrace(inside, 'bundle', 'import', folder, '--allow-unsigned')

    const client = inside.workspace(VIA_MIRROR)
    expectSuccess(await client.run(['init']))
    const h1 = lockedHashes(client.read(LOCK), 'h1')
    expect(h1.length).toBeGreaterThan(0)
    expect(lockedHashes(lockOutside, 'h1')).toEqual(expect.arrayContaining(h1))
    expect(inside.upstream.requests).toEqual([])
  })
})
