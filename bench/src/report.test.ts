import { describe, expect, test } from 'vitest'
import { insertTable, type MeasuredFigure, mergeFigures } from './report.ts'

const machine = { cpu: 'Some CPU', cores: 2, memoryGb: 8, system: 'linux 6.1.0', node: 'v24.0.0' }

const aFigure = (changes: Partial<MeasuredFigure> = {}): MeasuredFigure => ({
  id: 'requests.versions',
  title: 'Requests/s',
  goal: { direction: 'at least', value: 0.35 },
  unit: '',
  values: [0.5, 0.4, 0.6],
  ours: { name: 'Terrace', unit: '1/s', values: [25_000, 20_000, 30_000] },
  baseline: { name: 'nginx', unit: '1/s', values: [50_000, 50_000, 50_000] },
  date: '2026-01-31',
  machine,
  ...changes,
})

const PAGE = 'Before\n<!-- figures: written by `npm run bench` -->\nold\n<!-- /figures -->\nAfter\n'

describe('the page of the figures', () => {
  test('the table replaces the older one and leaves the words around it alone', () => {
    const page = insertTable(PAGE, [aFigure()])
    expect(page).toMatch(/^Before\n/)
    expect(page).toMatch(/\nAfter\n$/)
    expect(page).not.toContain('old')
    expect(page).toContain('Some CPU, 2 cores')
    expect(page).toContain('| at least 0.35 | 0.50 | 0.40 to 0.60 | Terrace 25000 1/s | nginx 50000 1/s | 3 | 2026-01-31 |')
    expect(insertTable(page, [aFigure()])).toBe(page)
  })

  test('a missed goal is named', () => {
    expect(insertTable(PAGE, [aFigure({ values: [0.1, 0.2, 0.3] })])).toContain('**missed** 0.20')
  })

  test('a page without a place for the table is refused', () => {
    expect(() => insertTable('Words', [aFigure()])).toThrow('no place')
  })
})

describe('figures of several runs', () => {
  test('a new figure takes the place of the older one, others stay', () => {
    const other = aFigure({ id: 'start.live' })
    const merged = mergeFigures([aFigure(), other], [aFigure({ date: '2026-02-01' })])
    expect(merged.map(({ id, date }) => `${id} ${date}`)).toEqual(['requests.versions 2026-02-01', 'start.live 2026-01-31'])
  })

  test('figures of another machine are given up', () => {
    const older = aFigure({ id: 'start.live', machine: { ...machine, cores: 64 } })
    expect(mergeFigures([older], [aFigure()]).map(({ id }) => id)).toEqual(['requests.versions'])
  })
})
