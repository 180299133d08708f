import type { Output } from './output.ts'

/** What to show of something that takes its time. */
export interface ProgressView {
  /** 0 to 1. */
  readonly fraction: number
  /** Amounts, beside the bar or alone. */
  readonly text: string
}

const BAR_WIDTH = 24
const REDRAW_MS = 100
const LINE_EVERY_MS = 5_000

/** Progress on standard error: a bar that is drawn over on a terminal, now and then a line elsewhere, nothing under `--quiet`. */
export class ProgressLine {
  readonly #output: Output
  #shownAt: number | undefined
  #shown = ''

  constructor(output: Output) {
    this.#output = output
  }

  /** Shows the state if enough time has passed. @param now ms. */
  show(now: number, { fraction, text }: ProgressView): void {
    const { animate } = this.#output.settings
    // A bar at once; the first line only of what is not over in a moment.
    this.#shownAt ??= animate ? Number.NEGATIVE_INFINITY : now
    if (text === this.#shown || now - this.#shownAt < (animate ? REDRAW_MS : LINE_EVERY_MS)) return
    this.#shown = text
    this.#shownAt = now
    if (animate) this.#output.redraw(`${bar(fraction)} ${text}`.slice(0, this.#output.messageColumns - 1))
    else this.#output.message(text)
  }

  /** Takes the bar away; lines stay. */
  end(): void {
    if (this.#output.settings.animate) this.#output.redraw('')
  }
}

function bar(fraction: number): string {
  const bounded = Math.min(1, Math.max(0, fraction))
  const filled = Math.floor(bounded * BAR_WIDTH)
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(bounded * 100)).padStart(3)} %`
}
