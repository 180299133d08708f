import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Figure, isMet, median, type Series, type SkippedFigure } from './figure.ts'
import type { Machine } from './machine.ts'

/** A figure with where and when it was measured. */
export interface MeasuredFigure extends Figure {
  /** `2026-01-31` */
  readonly date: string
  readonly machine: Machine
}

const BEGIN = '<!-- figures: written by `npm run bench` -->'
const END = '<!-- /figures -->'

/** Reads the figures of earlier runs; none when there is no file. */
export function readResults(path: string): MeasuredFigure[] {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { figures: MeasuredFigure[] }).figures : []
}

/** Writes the figures, numbers of one series on one line. */
export function writeResults(path: string, figures: readonly MeasuredFigure[]): void {
  const text = JSON.stringify({ figures }, (_key, value: unknown) => (typeof value === 'number' ? significant(value) : value), 2)
  writeFileSync(path, `${text.replaceAll(/\[\s+([-\d.,e\s]+?)\s+\]/g, (_, numbers: string) => `[${numbers.replaceAll(/\s+/g, ' ')}]`)}\n`)
}

/** New figures in the place of the older ones of the same id; figures of another machine are given up, they compare with nothing. */
export function mergeFigures(older: readonly MeasuredFigure[], newer: readonly MeasuredFigure[]): MeasuredFigure[] {
  const machine = JSON.stringify(newer[0]?.machine)
  const kept = older.filter((figure) => JSON.stringify(figure.machine) === machine || newer.length === 0)
  const all = new Map([...kept, ...newer].map((figure) => [figure.id, figure]))
  return [...all.values()]
}

/** Puts the table of the figures between the marks of a page; what people wrote around it stays. */
export function insertTable(page: string, figures: readonly MeasuredFigure[]): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`The page has no place for the figures: it needs "${BEGIN}" and "${END}"`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${renderTable(figures)}\n${page.slice(end)}`
}

function renderTable(figures: readonly MeasuredFigure[]): string {
  const [first] = figures
  if (first === undefined) return 'Nothing was measured yet.\n'
  const { cpu, cores, memoryGb, system, node } = first.machine
  const head = [
    `Machine: ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}.`,
    '',
    '| Figure | Goal | Result | Spread | Terrace | Baseline | Rounds | Date |',
    '|---|---|---|---|---|---|---|---|',
  ]
  return `${[...head, ...figures.map(renderRow)].join('\n')}\n`
}

function renderRow(figure: MeasuredFigure): string {
  const { title, goal, unit, values, ours, baseline, date } = figure
  const spread = `${format(Math.min(...values))} to ${format(Math.max(...values))}`
  const cells = [
    title,
    withUnit(`${goal.direction} ${goal.value}`, unit),
    `${isMet(figure) ? '' : '**missed** '}${withUnit(format(median(values)), unit)}`,
    spread,
    describeSeries(ours),
    describeSeries(baseline),
    values.length,
    date,
  ]
  return `| ${cells.join(' | ')} |`
}

const describeSeries = ({ name, unit, values }: Series): string => `${name} ${withUnit(format(median(values)), unit)}`

const withUnit = (text: string, unit: string): string => (unit === '' ? text : `${text} ${unit}`)

/** Enough digits to compare, no more than were measured. */
const format = (value: number): string => (value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2))

const significant = (value: number): number => Number(value.toPrecision(5))

/** One line for the terminal. */
export function describeFigure(figure: Figure): string {
  const { id, goal, unit, values } = figure
  const goalText = withUnit(`${goal.direction} ${goal.value}`, unit)
  return `${isMet(figure) ? 'met   ' : 'MISSED'} ${id}: ${withUnit(format(median(values)), unit)} (goal ${goalText})`
}

/** One line for the terminal. */
export function describeSkipped({ id, skipped }: SkippedFigure): string {
  return `skipped ${id}: ${skipped}`
}
