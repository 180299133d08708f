import { bumpCatalogRevision } from '@terrace/server/base/database/catalog-revision.ts'
import { searchDocument } from '@terrace/server/testing/test-search.ts'
import { type Figure, ratios, takeTurns } from '../figure.ts'
import { makeUpModules } from '../modules/made-up-modules.ts'
import { DATABASES, type DatabaseKind, type ModuleServer, startModuleServer } from '../modules/module-server.ts'
import { seedModules } from '../modules/seed-modules.ts'
import type { Scenario } from '../scenario.ts'

const FEW_MODULES = 2500
const MOST_MODULES = 10_000
const MANY_MODULES = [5000, MOST_MODULES] as const
const VERSIONS_OF_EACH = ['1.0.0', '1.1.0'] as const
const PAGE_MODULES = 100
const FEW_VERSIONS = 250
const MANY_VERSIONS = 1000
const ROUNDS = 5
/** A list is linear when it is read as fast however long it is; below one is what caches and the noise of a machine take. */
const LINEAR = { direction: 'at least', value: 0.8 } as const

/** Whether long lists are whole and cost no more per entry than short ones, on both databases. */
export const moduleLists: Scenario = {
  name: 'module-lists',
  needs: [],
  async run(log) {
    const figures: Figure[] = []
    for (const kind of ['sqlite', 'postgres'] as const) {
      figures.push(...(await measurePages(kind, log)), await measureVersions(kind, log))
    }
    return figures
  },
}

interface Comparison {
  readonly id: string
  readonly title: string
  /** What is counted. */
  readonly unit: string
  readonly few: { readonly name: string; read(): Promise<number> }
  readonly many: { readonly name: string; read(): Promise<number> }
}

/** Sides answer entries a second. */
async function compare({ id, title, unit, few, many }: Comparison): Promise<Figure> {
  const { baseline, ours } = await takeTurns(ROUNDS, { baseline: few.read, ours: many.read })
  return {
    id: `module-lists.${id}`,
    title,
    goal: LINEAR,
    unit: '',
    values: ratios(ours, baseline),
    ours: { name: many.name, unit, values: ours },
    baseline: { name: few.name, unit, values: baseline },
  }
}

async function measurePages(kind: DatabaseKind, log: (text: string) => void): Promise<Figure[]> {
  await using few = await startWithModules(kind, FEW_MODULES)
  const figures: Figure[] = []
  for (const count of MANY_MODULES) {
    await using many = await startWithModules(kind, count)
    const figure = await compare({
      id: `${kind}.pages-${count}`,
      title: `Speed per module, list of ${count} modules by pages of ${PAGE_MODULES}, ${DATABASES[kind]}`,
      unit: '1/s',
      few: { name: `${FEW_MODULES} modules`, read: () => readPages(few, FEW_MODULES) },
      many: { name: `${count} modules`, read: () => readPages(many, count) },
    })
    log(`${DATABASES[kind]}: ${count} modules, all there; ${figure.ours.values.map(Math.round).join(' ')} modules/s`)
    figures.push(figure)
  }
  return figures
}

async function startWithModules(kind: DatabaseKind, count: number): Promise<ModuleServer> {
  const modules = await startModuleServer(kind)
  await seedModules(modules.database, { documents: makeUpModules(count), versions: VERSIONS_OF_EACH, indexed: false })
  return modules
}

interface ListPage {
  readonly meta: { readonly next_url?: string }
  readonly modules: readonly { readonly id: string }[]
}

/** Modules a second. A short list is read several times, so that every figure stands for as many modules. */
async function readPages({ server }: ModuleServer, expected: number): Promise<number> {
  const startedAt = performance.now()
  for (let seen = 0; seen < MOST_MODULES; seen += expected) await followPages(server.url, expected)
  return (MOST_MODULES / (performance.now() - startedAt)) * 1000
}

/** Page after page, as a client follows them. @throws when a module is missing or comes twice. */
async function followPages(url: string, expected: number): Promise<void> {
  const ids: string[] = []
  for (let next: string | undefined = `${url}/v1/modules?limit=${PAGE_MODULES}`; next !== undefined; ) {
    const page: ListPage = await read(next)
    ids.push(...page.modules.map(({ id }) => id))
    next = page.meta.next_url
  }
  const distinct = new Set(ids).size
  if (ids.length !== expected || distinct !== expected)
    throw new Error(`The list has ${distinct} of ${expected} modules, ${ids.length} in all`)
}

async function measureVersions(kind: DatabaseKind, log: (text: string) => void): Promise<Figure> {
  await using modules = await startModuleServer(kind)
  for (const count of [FEW_VERSIONS, MANY_VERSIONS]) {
    const documents = [searchDocument(`bench/versions-${count}/aws`, { readme: 'Words of a README. '.repeat(100) })]
    const versions = Array.from({ length: count }, (_, index) => `1.${index}.0`)
    await seedModules(modules.database, { documents, versions, indexed: true })
  }
  const figure = await compare({
    id: `${kind}.versions`,
    title: `Speed per version, list of ${MANY_VERSIONS} versions after a publish, ${DATABASES[kind]}`,
    unit: '1/s',
    few: { name: `${FEW_VERSIONS} versions`, read: () => readVersions(modules, FEW_VERSIONS) },
    many: { name: `${MANY_VERSIONS} versions`, read: () => readVersions(modules, MANY_VERSIONS) },
  })
  log(`${DATABASES[kind]}: ${MANY_VERSIONS} versions, all there; ${figure.ours.values.map(Math.round).join(' ')} versions/s`)
  return figure
}

const REPEATS = 20

/** Versions a second, each time read from the database, as after every publish. @throws when one is missing. */
async function readVersions({ server, database }: ModuleServer, expected: number): Promise<number> {
  let tookMs = 0
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    await bumpCatalogRevision(database.db)
    const startedAt = performance.now()
    const list = await read<{ modules: { versions: unknown[] }[] }>(`${server.url}/v1/modules/bench/versions-${expected}/aws/versions`)
    tookMs += performance.now() - startedAt
    const count = list.modules[0]?.versions.length
    if (count !== expected) throw new Error(`The list has ${count} of ${expected} versions`)
  }
  return ((expected * REPEATS) / tookMs) * 1000
}

/** @throws with the answer when it is not a 200. */
async function read<Document>(address: string): Promise<Document> {
  const answer = await fetch(address)
  if (answer.status !== 200) throw new Error(`${address} answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as Document
}
