import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { explainMissing } from '../../acceptance/src/harness/required-binaries.ts'
import type { Figure } from './figure.ts'
import { describeMachine } from './machine.ts'
import { describeFigure, describeSkipped, insertTable, mergeFigures, readResults, writeResults } from './report.ts'
import type { Scenario } from './scenario.ts'
import { download } from './scenarios/download.ts'
import { load } from './scenarios/load.ts'
import { memory } from './scenarios/memory.ts'
import { moduleLists } from './scenarios/module-lists.ts'
import { moduleSearch } from './scenarios/module-search.ts'
import { onDemand } from './scenarios/on-demand.ts'
import { requests } from './scenarios/requests.ts'
import { start } from './scenarios/start.ts'
import { upstreamCost } from './scenarios/upstream-cost.ts'
import { wrongKeys } from './scenarios/wrong-keys.ts'

const SCENARIOS: readonly Scenario[] = [
  requests,
  download,
  load,
  memory,
  start,
  moduleSearch,
  moduleLists,
  wrongKeys,
  onDemand,
  upstreamCost,
]
const RESULTS = join(import.meta.dirname, '../results.json')
const PAGE = join(import.meta.dirname, '../../docs/performance.md')

const HELP = `Usage: npm run bench [-- --only NAME] [-- --dry]

Measures Terrace against other programs on this machine, turn by turn, and writes bench/results.json and the table in
docs/performance.md. Takes about a quarter of an hour; nothing else should run meanwhile.

  --only NAME  one of: ${SCENARIOS.map(({ name }) => name).join(', ')}; may be given several times
  --dry        writes nothing
`

async function runScenario(scenario: Scenario): Promise<readonly Figure[]> {
  const missing = scenario.needs.map(explainMissing).filter((reason) => reason !== undefined)
  if (scenario.platform !== undefined && scenario.platform !== process.platform) missing.push(`it needs ${scenario.platform}`)
  if (missing.length > 0) {
    console.log(describeSkipped({ id: scenario.name, skipped: missing.join('; ') }))
    return []
  }
  console.log(`== ${scenario.name}`)
  const figures = await scenario.run((text) => console.log(`   ${text}`))
  for (const figure of figures) console.log(describeFigure(figure))
  return figures
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      dry: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const names = values.only ?? SCENARIOS.map(({ name }) => name)
  const unknown = names.find((name) => SCENARIOS.every((scenario) => scenario.name !== name))
  if (values.help || unknown !== undefined) {
    console.log(unknown === undefined ? HELP : `There is no "${unknown}".\n\n${HELP}`)
    return unknown === undefined ? 0 : 2
  }
  const measured: Figure[] = []
  for (const scenario of SCENARIOS.filter(({ name }) => names.includes(name))) measured.push(...(await runScenario(scenario)))
  if (!values.dry) write(measured)
  return 0
}

function write(measured: readonly Figure[]): void {
  const [date, machine] = [new Date().toISOString().slice(0, 10), describeMachine()]
  const figures = mergeFigures(
    readResults(RESULTS),
    measured.map((figure) => ({ ...figure, date, machine })),
  )
  writeResults(RESULTS, figures)
  writeFileSync(PAGE, insertTable(readFileSync(PAGE, 'utf8'), figures))
}

process.exitCode = await main()
