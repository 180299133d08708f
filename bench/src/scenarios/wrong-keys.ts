import { ADMIN } from '../../../acceptance/src/harness/terrace-server.ts'
import { startBenchServer } from '../bench-server.ts'
import { type Figure, ratios, takeTurns } from '../figure.ts'
import type { Scenario } from '../scenario.ts'
import { measureSlowest } from '../wrk.ts'
import { startWrongKeys } from '../wrong-key-sender.ts'

const ROUNDS = 7
const SECONDS = 4
/** Pipelines that ask without a pause. */
const CONNECTIONS = 8
const WRONG_PER_SECOND = 1000
const PATH = '/api/v1/auth/me'

/** What a working key feels of a thousand wrong ones a second: from its own address, and each from another address. */
export const wrongKeys: Scenario = {
  name: 'wrong-keys',
  needs: ['wrk'],
  async run(log) {
    const env = { TFR_SERVER_BEHIND_PROXY: 'true', TFR_SERVER_TRUSTED_PROXIES: '127.0.0.1' }
    await using server = await startBenchServer({ env })
    const url = `${server.url}${PATH}`
    const key = await createKey(server.url)
    const figures: Figure[] = []
    for (const manyAddresses of [false, true]) figures.push(await measure({ url, key, manyAddresses, log }))
    return figures
  },
}

async function createKey(url: string): Promise<string> {
  const ask = async (path: string, token: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json', ...(token !== '' && { authorization: `Bearer ${token}` }) }
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as Record<string, unknown>
  }
  const session = await ask('/api/v1/auth/login', '', ADMIN)
  const { key } = await ask('/api/v1/apikeys', String(session.token), { name: 'bench', scopes: ['providers:read'] })
  return String(key)
}

interface Measurement {
  readonly url: string
  readonly key: string
  readonly manyAddresses: boolean
  readonly log: (text: string) => void
}

async function measure({ url, key, manyAddresses, log }: Measurement): Promise<Figure> {
  const headers = { authorization: `Bearer ${key}` }
  const alone = () => measureSlowest({ url, seconds: SECONDS, connections: CONNECTIONS, headers })
  const beside = async () => {
    const wrong = startWrongKeys({ url, perSecond: WRONG_PER_SECOND, manyAddresses })
    const p99 = await alone()
    log(`answers to wrong keys by status: ${JSON.stringify(await wrong.stop())}`)
    return p99
  }
  const { baseline, ours } = await takeTurns(ROUNDS, { baseline: alone, ours: beside })
  log(`p99 alone ${baseline.map((ms) => ms.toFixed(2)).join(' ')} ms, beside ${ours.map((ms) => ms.toFixed(2)).join(' ')} ms`)
  const source = manyAddresses ? 'each from another address' : 'from the same address'
  return {
    id: `wrong-keys.${manyAddresses ? 'many-addresses' : 'same-address'}`,
    title: `p99 of a working key beside ${WRONG_PER_SECOND} wrong keys a second, ${source}`,
    goal: { direction: 'at most', value: 1.2 },
    unit: '',
    values: ratios(ours, baseline),
    ours: { name: 'beside wrong keys', unit: 'ms', values: ours },
    baseline: { name: 'alone', unit: 'ms', values: baseline },
  }
}
