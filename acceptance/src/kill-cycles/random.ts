/** Numbers that look random and are the same for the same seed, so that a run can be repeated. */
export interface Random {
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
}

/** mulberry32 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    between(least, most) {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return least + (((mixed ^ (mixed >>> 14)) >>> 0) % (most - least + 1))
    },
  }
}
