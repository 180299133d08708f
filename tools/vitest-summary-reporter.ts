import type { Reporter, TestCase } from 'vitest/node'

/** What one run added up to. */
export interface SummaryCounts {
  passed: number
  failed: number
  skipped: number
}

/**
 * The closing line of a test run, for whoever reads only the end of a log: `12 passed, 0 failed`, and `, 3 skipped` when some were.
 * The wording is a contract with the continuous integration: it is read by a program.
 */
export function formatSummary({ passed, failed, skipped }: SummaryCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/**
 * Prints {@link formatSummary} as the last line of a run. A file that could not be loaded and an error outside of any test count
 * as one failure each: otherwise a run that broke before its first test would close with `0 failed`.
 */
export default class VitestSummaryReporter implements Reporter {
  private readonly counts: SummaryCounts = { passed: 0, failed: 0, skipped: 0 }

  onTestRunStart(): void {
    Object.assign(this.counts, { passed: 0, failed: 0, skipped: 0 })
  }

  onTestCaseResult(testCase: TestCase): void {
    const { state } = testCase.result()
    if (state !== 'pending') this.counts[state] += 1
  }

  onTestRunEnd(...[modules, errors]: Parameters<NonNullable<Reporter['onTestRunEnd']>>): void {
    const brokenModules = modules.filter((module) => module.errors().length > 0).length
    const failed = this.counts.failed + brokenModules + errors.length
    // After the reporters that draw on the terminal have had their say.
    process.stdout.write(`\n${formatSummary({ ...this.counts, failed })}\n`)
  }
}
