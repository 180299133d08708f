import type { RequiredBinary } from '../../acceptance/src/harness/required-binaries.ts'
import type { Figure } from './figure.ts'

/** Something that is measured as a whole: its figures share what they need. */
export interface Scenario {
  /** For `--only`. */
  readonly name: string
  /** Programs without which it is skipped. */
  readonly needs: readonly RequiredBinary[]
  /** The platform without which it is skipped; any when absent. */
  readonly platform?: NodeJS.Platform
  /** Takes a few minutes at most. `log` tells what goes on. */
  run(log: (text: string) => void): Promise<readonly Figure[]>
}
