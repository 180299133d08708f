import { parseArgs } from 'node:util'
import { runKillCycles } from './run-kill-cycles.ts'

const { values } = parseArgs({
  options: { cycles: { type: 'string', default: '200' }, seed: { type: 'string', default: String(Date.now()) } },
})
const { cycles, seed } = values
process.stdout.write(`${cycles} kill cycles, seed ${seed}\n`)
const report = await runKillCycles({
  cycles: Number(cycles),
  seed: Number(seed),
  onCycle: (text) => process.stdout.write(`${text}\n`),
})
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
process.exitCode = report.problems.length === 0 ? 0 : 1
