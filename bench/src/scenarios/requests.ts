import { buildProviderZip } from '@terrace/server/testing/zip-writer.ts'
import { NAMESPACE, PLATFORMS, startBenchServer } from '../bench-server.ts'
import { startBenchUpstream, UPSTREAM_HOSTNAME } from '../bench-upstream.ts'
import { type Figure, ratios, takeTurns } from '../figure.ts'
import { type StaticServer, startNginx } from '../nginx.ts'
import type { Scenario } from '../scenario.ts'
import { measureRequests } from '../wrk.ts'

const VERSIONS = 30
const ROUNDS = 5
const SECONDS = 4
const CONNECTIONS = 32
const MIRRORED = 'mirrored/widget'

/** Answers of the two protocols per second, against nginx serving the same bytes from a file. */
export const requests: Scenario = {
  name: 'requests',
  needs: ['nginx', 'wrk'],
  async run(log) {
    await using upstream = await startBenchUpstream()
    await upstream.registry.addProvider(MIRRORED, { versions: { '1.0.0': { platforms: PLATFORMS } } })
    await using server = await startBenchServer({ config: upstream.serverConfig })
    await using nginx = await startNginx()
    log(`${VERSIONS} versions are published and one is loaded`)
    for (let minor = 0; minor < VERSIONS; minor++) await server.publish(smallVersion(`1.${minor}.0`))
    await server.load(`provider "${UPSTREAM_HOSTNAME}/${MIRRORED}" { versions = ["1.0.0"] }`)
    const list = { id: 'versions', title: `Requests/s, list of ${VERSIONS} versions`, path: `/v1/providers/${NAMESPACE}/gadget/versions` }
    const mirror = {
      id: 'mirror',
      title: 'Requests/s, mirror `VERSION.json`',
      path: `/v1/mirror/${UPSTREAM_HOSTNAME}/${MIRRORED}/1.0.0.json`,
    }
    const figures: Figure[] = []
    for (const document of [list, mirror]) figures.push(await compare(document, { log, nginx, url: server.url }))
    return figures
  },
}

function smallVersion(version: string) {
  const zip = new Blob([Uint8Array.from(buildProviderZip({ type: 'gadget', version }))])
  return { type: 'gadget', version, packages: Object.fromEntries(PLATFORMS.map((platform) => [platform, zip])) }
}

interface Comparison {
  readonly log: (text: string) => void
  readonly nginx: StaticServer
  readonly url: string
}

async function compare(
  { id, title, path }: { readonly id: string; readonly title: string; readonly path: string },
  { log, nginx, url }: Comparison,
): Promise<Figure> {
  const answer = await fetch(`${url}${path}`)
  const body = new Uint8Array(await answer.arrayBuffer())
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  const file = nginx.serve(`${id}.json`, body)
  const perSecond = (address: string) => () => measureRequests({ url: address, seconds: SECONDS, connections: CONNECTIONS })
  const { baseline, ours } = await takeTurns(ROUNDS, { baseline: perSecond(file), ours: perSecond(`${url}${path}`) })
  log(`${path} has ${body.length} bytes; nginx ${baseline.map(Math.round).join(' ')}, Terrace ${ours.map(Math.round).join(' ')}`)
  return {
    id: `requests.${id}`,
    title: `${title} (${body.length} bytes)`,
    goal: { direction: 'at least', value: 0.35 },
    unit: '',
    values: ratios(ours, baseline),
    ours: { name: 'Terrace', unit: '1/s', values: ours },
    baseline: { name: 'nginx, one worker', unit: '1/s', values: baseline },
  }
}
