import { createWorkspace } from '../../../acceptance/src/harness/terraform-cli.ts'
import { type BenchServer, PLATFORMS, startBenchServer } from '../bench-server.ts'
import { type BenchUpstream, startBenchUpstream, UPSTREAM_HOSTNAME } from '../bench-upstream.ts'
import { type Figure, ratios } from '../figure.ts'
import { buildLargePackage } from '../large-package.ts'
import type { Scenario } from '../scenario.ts'

const CLIENTS = 200
const ROUNDS = 3
/** Small: the figure is about waiting, not about sending. */
const PACKAGE_BYTES = 250_000
const VERSION = '1.0.0'

/** What one cold start cost. */
interface Cost {
  readonly seconds: number
  readonly requests: number
  readonly megabytes: number
}

/** Clients that all want a provider at once which nobody has loaded, against one that asks the upstream itself. */
export const onDemand: Scenario = {
  name: 'on-demand',
  needs: ['terraform'],
  async run(log) {
    await using upstream = await startBenchUpstream()
    const [many, one, direct]: [Cost[], Cost[], Cost[]] = [[], [], []]
    for (let round = 0; round < ROUNDS; round++) {
      const type = `widget-${round}`
      await addProvider(upstream, type)
      direct.push(await initDirectly(upstream, type))
      one.push(await startCold(upstream, { type, clients: 1 }))
      many.push(await startCold(upstream, { type, clients: CLIENTS }))
    }
    log(
      `requests: ${CLIENTS} clients ${many.map(({ requests }) => requests).join(' ')}, one directly ${direct.map((cost) => cost.requests).join(' ')}`,
    )
    return figures({ many, one, direct })
  },
}

function figures({ many, one, direct }: { many: readonly Cost[]; one: readonly Cost[]; direct: readonly Cost[] }): Figure[] {
  const [seconds, megabytes] = [many.map((cost) => cost.seconds), many.map((cost) => cost.megabytes)]
  const sentDirectly = direct.map((cost) => cost.megabytes)
  const requests = many.map((cost) => cost.requests)
  const title = `${CLIENTS} clients that install one provider from an empty mirror`
  return [
    {
      id: 'on-demand.requests',
      title: `Requests to the upstream, ${title}`,
      goal: { direction: 'at most', value: 8 },
      unit: 'requests',
      values: requests,
      ours: { name: `Terrace, ${CLIENTS} clients`, unit: 'requests', values: requests },
      baseline: { name: 'one `terraform init` without a mirror', unit: 'requests', values: direct.map((cost) => cost.requests) },
    },
    {
      id: 'on-demand.bytes',
      title: `Bytes of packages from the upstream, ${title}`,
      goal: { direction: 'at most', value: 1 },
      unit: '',
      values: ratios(megabytes, sentDirectly),
      ours: { name: `Terrace, ${CLIENTS} clients`, unit: 'MB', values: megabytes },
      baseline: { name: 'one `terraform init` without a mirror', unit: 'MB', values: sentDirectly },
    },
    {
      id: 'on-demand.time',
      title: `Until the last has its package, ${title}`,
      goal: { direction: 'at most', value: 8 },
      unit: 's',
      values: seconds,
      ours: { name: `Terrace, ${CLIENTS} clients`, unit: 's', values: seconds },
      baseline: { name: 'Terrace, one client', unit: 's', values: one.map((cost) => cost.seconds) },
    },
  ]
}

async function addProvider({ registry }: BenchUpstream, type: string): Promise<void> {
  const zip = (): Buffer => buildLargePackage({ type, version: VERSION, bytes: PACKAGE_BYTES, seed: 1 })
  await registry.addProvider(`bench/${type}`, { versions: { [VERSION]: { platforms: PLATFORMS, zip } } })
}

async function startCold(upstream: BenchUpstream, { type, clients }: { type: string; clients: number }): Promise<Cost> {
  const feature = 'features {\n  auto_download_providers = true\n}\n'
  const config = `${upstream.serverConfig}${feature}mirror {\n  upstreams = ["${UPSTREAM_HOSTNAME}"]\n}\n`
  await using server = await startBenchServer({ config })
  return await measure(upstream, type, () => Promise.all(Array.from({ length: clients }, () => install(server, type))))
}

async function measure({ registry }: BenchUpstream, type: string, work: () => Promise<unknown>): Promise<Cost> {
  registry.requests.length = 0
  const startedAt = performance.now()
  await work()
  const seconds = (performance.now() - startedAt) / 1000
  const packages = registry.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('.zip'))
  const bytes = packages.length * registry.package(`bench/${type}`, VERSION).body.length
  return { seconds, requests: registry.requests.length, megabytes: bytes / 1e6 }
}

/** The requests of a `terraform init` through a mirror. */
async function install({ url }: BenchServer, type: string): Promise<void> {
  const base = `${url}/v1/mirror/${UPSTREAM_HOSTNAME}/bench/${type}`
  await getJson(`${base}/index.json`)
  const { archives } = await getJson(`${base}/${VERSION}.json`)
  const link = new URL(archives?.linux_amd64?.url ?? '', base)
  await fetch(link, { method: 'HEAD' })
  const response = await fetch(link)
  const { byteLength } = await response.arrayBuffer()
  if (!response.ok || byteLength < PACKAGE_BYTES) throw new Error(`The package answered ${response.status} with ${byteLength} bytes`)
}

interface VersionAnswer {
  readonly archives?: Readonly<Record<string, { readonly url: string }>>
}

async function getJson(url: string): Promise<VersionAnswer> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as VersionAnswer
}

async function initDirectly(upstream: BenchUpstream, type: string): Promise<Cost> {
  const files = {
    'main.tf': `terraform {\n  required_providers {\n    widget = { source = "${UPSTREAM_HOSTNAME}/bench/${type}" }\n  }\n}\n`,
  }
  using workspace = createWorkspace({ files, cliConfig: upstream.cliConfig, caPath: upstream.caPath })
  return await measure(upstream, type, async () => {
    const { code, output } = await workspace.run(['init'])
    if (code !== 0) throw new Error(`terraform init failed:\n${output}`)
  })
}
