import { join } from 'node:path'
import { makeTemporaryFolder } from '../../../acceptance/src/harness/temporary-folder.ts'
import { createWorkspace } from '../../../acceptance/src/harness/terraform-cli.ts'
import { PLATFORMS, startBenchServer } from '../bench-server.ts'
import { type BenchUpstream, startBenchUpstream, UPSTREAM_HOSTNAME } from '../bench-upstream.ts'
import { ratios, takeTurns } from '../figure.ts'
import { buildLargePackage } from '../large-package.ts'
import type { Scenario } from '../scenario.ts'

const TYPES = ['amber', 'basalt', 'cobalt', 'dolomite'] as const
const VERSION = '1.0.0'
const SMALLEST_BYTES = 12_000_000
const STEP_BYTES = 350_000
const ROUNDS = 5

/** Loading packages from an upstream, against `terraform providers mirror` doing the same. */
export const load: Scenario = {
  name: 'load',
  needs: ['terraform'],
  async run(log) {
    await using upstream = await startBenchUpstream()
    const bytes = await addProviders(upstream)
    const count = TYPES.length * PLATFORMS.length
    log(`${count} packages with ${Math.round(bytes / 1e6)} MB in all`)
    const { baseline, ours } = await takeTurns(ROUNDS, { baseline: () => mirrorByTerraform(upstream), ours: () => loadByTerrace(upstream) })
    log(`terraform ${baseline.map(Math.round).join(' ')} ms, Terrace ${ours.map(Math.round).join(' ')} ms`)
    const seconds = (values: number[]) => values.map((ms) => ms / 1000)
    return [
      {
        id: 'load.packages',
        title: `Speed of loading ${count} packages (${Math.round(bytes / 1e6)} MB)`,
        goal: { direction: 'at least', value: 1 },
        unit: '',
        values: ratios(baseline, ours),
        ours: { name: 'Terrace', unit: 's', values: seconds(ours) },
        baseline: { name: '`terraform providers mirror`', unit: 's', values: seconds(baseline) },
      },
    ]
  },
}

/** Answers the bytes of all packages together. */
async function addProviders({ registry }: BenchUpstream): Promise<number> {
  let [seed, bytes] = [0, 0]
  for (const type of TYPES) {
    const zip = (): Buffer => {
      const built = buildLargePackage({ type, version: VERSION, bytes: SMALLEST_BYTES + seed * STEP_BYTES, seed })
      seed += 1
      bytes += built.length
      return built
    }
    await registry.addProvider(`bench/${type}`, { versions: { [VERSION]: { platforms: PLATFORMS, zip } } })
  }
  return bytes
}

async function loadByTerrace(upstream: BenchUpstream): Promise<number> {
  // A server that holds nothing yet; its start does not count.
  await using server = await startBenchServer({ config: upstream.serverConfig })
  return await server.load(TYPES.map((type) => `provider "${UPSTREAM_HOSTNAME}/bench/${type}" { versions = ["${VERSION}"] }\n`).join(''))
}

async function mirrorByTerraform({ cliConfig, caPath }: BenchUpstream): Promise<number> {
  using target = makeTemporaryFolder('mirror')
  const wanted = TYPES.map((type) => `${type} = { source = "${UPSTREAM_HOSTNAME}/bench/${type}", version = "${VERSION}" }`)
  const files = { 'main.tf': `terraform {\n  required_providers {\n    ${wanted.join('\n    ')}\n  }\n}\n` }
  using workspace = createWorkspace({ files, cliConfig, caPath })
  const platforms = PLATFORMS.map((platform) => `-platform=${platform}`)
  const startedAt = performance.now()
  const { code, output } = await workspace.run(['providers', 'mirror', ...platforms, join(target.path, 'providers')])
  const tookMs = performance.now() - startedAt
  if (code !== 0) throw new Error(`terraform providers mirror failed:\n${output}`)
  return tookMs
}
