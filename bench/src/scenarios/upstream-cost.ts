import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createWorkspace } from '../../../acceptance/src/harness/terraform-cli.ts'
import { type BenchServer, PLATFORMS, startBenchServer } from '../bench-server.ts'
import { type BenchUpstream, startBenchUpstream, UPSTREAM_HOSTNAME } from '../bench-upstream.ts'
import type { Figure } from '../figure.ts'
import { ratios } from '../figure.ts'
import { buildLargePackage } from '../large-package.ts'
import type { Scenario } from '../scenario.ts'

const ROUNDS = 3
const PACKAGE_BYTES = 5_000_000
const VERSION = '1.0.0'
/** Short, so that a list grows old while the benchmark waits; long enough for a second `init` before. */
const FRESH_SECONDS = 10
const RENEWAL_MS = 20_000

const STATES = ['cold', 'warm', 'stale', 'cut off'] as const
type State = (typeof STATES)[number]

/** What one `terraform init` cost the upstream. */
interface Cost {
  readonly requests: number
  /** From the upstream on the wire, TLS included. */
  readonly megabytes: number
}

/** Most that each state may cost; bytes as a share of what an `init` without a mirror takes. */
const GOALS: Readonly<Record<State, { readonly requests: number; readonly bytes: number }>> = {
  cold: { requests: 8, bytes: 1.1 },
  warm: { requests: 0, bytes: 0 },
  stale: { requests: 1, bytes: 0.01 },
  'cut off': { requests: 0, bytes: 0 },
}

/** The real client through a mirror that fetches on demand, in each state of the mirror, against the client alone. */
export const upstreamCost: Scenario = {
  name: 'upstream-cost',
  needs: ['terraform'],
  async run(log) {
    const costs: Record<State | 'direct', Cost[]> = { cold: [], warm: [], stale: [], 'cut off': [], direct: [] }
    for (let round = 0; round < ROUNDS; round++) {
      for (const [state, cost] of Object.entries(await measureRound())) costs[state as State].push(cost)
      log(`round ${round + 1} of ${ROUNDS}`)
    }
    return STATES.flatMap((state) => figuresOf(state, costs[state], costs.direct))
  },
}

function figuresOf(state: State, costs: readonly Cost[], direct: readonly Cost[]): Figure[] {
  const title = `one \`terraform init\` by a mirror on demand, ${state}`
  const id = `upstream-cost.${state.replace(' ', '-')}`
  const [names, goal] = [{ ours: `Terrace, ${state}`, baseline: 'without a mirror' }, GOALS[state]]
  const [requests, megabytes] = [costs.map((cost) => cost.requests), costs.map((cost) => cost.megabytes)]
  const direction = 'at most'
  const sentDirectly = direct.map((cost) => cost.megabytes)
  return [
    {
      id: `${id}.requests`,
      title: `Requests to the upstream, ${title}`,
      goal: { direction, value: goal.requests },
      unit: 'requests',
      values: requests,
      ours: { name: names.ours, unit: 'requests', values: requests },
      baseline: { name: names.baseline, unit: 'requests', values: direct.map((cost) => cost.requests) },
    },
    {
      id: `${id}.bytes`,
      title: `Bytes from the upstream, ${title}`,
      goal: { direction, value: goal.bytes },
      unit: '',
      values: ratios(megabytes, sentDirectly),
      ours: { name: names.ours, unit: 'MB', values: megabytes },
      baseline: { name: names.baseline, unit: 'MB', values: sentDirectly },
    },
  ]
}

async function measureRound(): Promise<Record<State | 'direct', Cost>> {
  await using upstream = await startBenchUpstream()
  const zip = (): Buffer => buildLargePackage({ type: 'widget', version: VERSION, bytes: PACKAGE_BYTES, seed: 1 })
  await upstream.registry.addProvider('bench/widget', { versions: { [VERSION]: { platforms: PLATFORMS, zip } } })
  const direct = await measure(upstream, () => init({ cliConfig: upstream.cliConfig, caPath: upstream.caPath }))

  const feature = 'features {\n  auto_download_providers = true\n}\n'
  const mirror = `mirror {\n  upstreams = ["${UPSTREAM_HOSTNAME}"]\n  version_list_fresh_seconds = ${FRESH_SECONDS}\n}\n`
  await using server = await startBenchServer({ config: upstream.serverConfig + feature + mirror, localTls: true })
  const byMirror = () => init(clientOf(server))
  const cold = await measure(upstream, byMirror)
  const listedAt = performance.now()
  const warm = await measure(upstream, byMirror)
  if (performance.now() - listedAt > FRESH_SECONDS * 1000) throw new Error('The machine is too busy: the list was old before it was used')
  await delay(FRESH_SECONDS * 1000)
  const stale = await measure(upstream, async () => {
    await byMirror()
    await renewal(upstream)
  })
  await delay(FRESH_SECONDS * 1000)
  upstream.line.cut()
  return { direct, cold, warm, stale, 'cut off': await measure(upstream, byMirror) }
}

/** What the upstream was asked for and has sent while the work was done. */
async function measure({ registry, line }: BenchUpstream, work: () => Promise<void>): Promise<Cost> {
  registry.requests.length = 0
  const before = line.receivedBytes()
  await work()
  return { requests: registry.requests.length, megabytes: (line.receivedBytes() - before) / 1e6 }
}

/** The stale list is answered at once, and renewed behind the client's back: that is part of its cost. */
async function renewal({ registry, line }: BenchUpstream): Promise<void> {
  const deadline = performance.now() + RENEWAL_MS
  while (registry.countRequests('/versions') === 0) {
    if (performance.now() > deadline) throw new Error('The stale list was not renewed')
    await delay(50)
  }
  for (let seen = -1; seen !== line.receivedBytes(); await delay(200)) seen = line.receivedBytes()
}

interface Client {
  readonly cliConfig: string
  readonly caPath: string
}

const clientOf = ({ tlsUrl, dataDir }: BenchServer): Client => ({
  cliConfig: `provider_installation {\n  network_mirror {\n    url = "${tlsUrl}/v1/mirror/"\n  }\n}\n`,
  caPath: join(dataDir, 'tls/ca.pem'),
})

/** In a folder of its own, with nothing cached. */
async function init(client: Client): Promise<void> {
  const source = `${UPSTREAM_HOSTNAME}/bench/widget`
  const files = { 'main.tf': `terraform {\n  required_providers {\n    widget = { source = "${source}" }\n  }\n}\n` }
  using workspace = createWorkspace({ files, ...client })
  const { code, output } = await workspace.run(['init'])
  if (code !== 0) throw new Error(`terraform init failed:\n${output}`)
}
