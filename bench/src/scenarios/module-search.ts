import { GOLDEN_QUERIES } from '@terrace/server/testing/golden-queries.ts'
import { type Figure, percentile, takeTurns } from '../figure.ts'
import { makeUpModules } from '../modules/made-up-modules.ts'
import { DATABASES, type DatabaseKind, startModuleServer } from '../modules/module-server.ts'
import { seedModules } from '../modules/seed-modules.ts'
import type { Scenario } from '../scenario.ts'

const MODULES = 10_000
const ROUNDS = 5

/** What people type on the way to a longer query, what nearly everything matches, and what nothing matches. */
const HARD_QUERIES = [
  'a',
  's',
  '1',
  'aw',
  'te',
  'in',
  'aws',
  'team',
  'team-7/',
  'module',
  'enable_',
  'qqqq',
  'xzqwkj aws',
  'terraform aws module',
  'aws network cluster with private subnets and keys',
]
const QUERIES = [...GOLDEN_QUERIES.map(([query]) => query), ...HARD_QUERIES]

/** How long a search over many modules takes, on both databases, against an answer that asks no database. */
export const moduleSearch: Scenario = {
  name: 'module-search',
  needs: [],
  async run(log) {
    const figures: Figure[] = []
    for (const kind of ['sqlite', 'postgres'] as const) figures.push(await measure(kind, log))
    return figures
  },
}

async function measure(kind: DatabaseKind, log: (text: string) => void): Promise<Figure> {
  await using modules = await startModuleServer(kind)
  const startedAt = performance.now()
  await seedModules(modules.database, { documents: makeUpModules(MODULES), versions: ['1.0.0'], indexed: true })
  log(`${DATABASES[kind]}: ${MODULES} modules are indexed after ${Math.round((performance.now() - startedAt) / 1000)} s`)
  const { url } = modules.server
  const { baseline, ours } = await takeTurns(ROUNDS, {
    baseline: () => slowestOfMost(QUERIES.map(() => `${url}/livez`)),
    ours: () => slowestOfMost(QUERIES.map((query) => `${url}/v1/modules/search?q=${encodeURIComponent(query)}`)),
  })
  log(`${DATABASES[kind]}: p95 of ${QUERIES.length} queries ${ours.map(Math.round).join(' ')} ms`)
  return {
    id: `module-search.${kind}`,
    title: `Module search, p95 of ${QUERIES.length} queries over ${MODULES} modules, ${DATABASES[kind]}`,
    goal: { direction: 'at most', value: 100 },
    unit: 'ms',
    values: ours,
    ours: { name: 'Terrace', unit: 'ms', values: ours },
    baseline: { name: '`/livez`', unit: 'ms', values: baseline },
  }
}

/** Milliseconds within which 95 % of the addresses answer, asked one after the other. @throws when one is not a 200. */
async function slowestOfMost(addresses: readonly string[]): Promise<number> {
  const times: number[] = []
  for (const address of addresses) {
    const startedAt = performance.now()
    const answer = await fetch(address)
    await answer.arrayBuffer()
    times.push(performance.now() - startedAt)
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}`)
  }
  return percentile(times, 0.95)
}
