const WINDOW_MS = 5_000

interface Sample {
  readonly at: number
  readonly amount: number
}

/** Speed of something that grows, over the last few seconds. */
export class RateMeter {
  readonly #samples: Sample[] = []

  /** Takes the amount reached at a time in ms. */
  add(at: number, amount: number): void {
    this.#samples.push({ at, amount })
    // One sample from before the window stays, so that slow steps have a beginning.
    while ((this.#samples[1]?.at ?? at) < at - WINDOW_MS) this.#samples.shift()
  }

  /** Per second; 0 until there are two samples. */
  get perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined || last.at <= first.at) return 0
    return ((last.amount - first.amount) * 1000) / (last.at - first.at)
  }
}
