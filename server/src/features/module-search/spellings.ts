/** Shorter words have too many neighbours: `vpc` is not a misspelt `vpn`. */
const MIN_LENGTH = 4
const MAX_LENGTH = 32
// Errors further on are found by the beginning alone, and a word costs eight rows at most.
const COMPARED_LENGTH = 7
/** Two errors are forgiven in words of this length, one in shorter ones. */
const LONG_WORD = 8

/** Whether a word is looked up, or offered, as another spelling. */
export function mayBeMisspelt(word: string): boolean {
  return word.length >= MIN_LENGTH && word.length <= MAX_LENGTH && /\p{L}/u.test(word)
}

/**
 * What a word is filed under, and looked up by: its beginning, and the same with any one letter left out. A word and a misspelling
 * of it (a letter too many, too few, wrong or swapped) have one of these in common.
 */
export function spellingsOf(word: string): string[] {
  const letters = [...word].slice(0, COMPARED_LENGTH)
  return [...new Set([letters.join(''), ...letters.map((_, left) => letters.toSpliced(left, 1).join(''))])]
}

/**
 * The known words that `typed` most likely stands for: those at the smallest distance that is forgiven, at most `limit`, in the
 * order of the alphabet. A long word may also be the beginning of a known one.
 */
export function closestWords(typed: string, known: readonly string[], limit: number): string[] {
  const forgiven = typed.length < LONG_WORD ? 1 : 2
  const distances = known.filter((word) => word !== typed).map((word) => ({ word, distance: distanceTo(typed, word) }))
  const smallest = Math.min(...distances.map(({ distance }) => distance))
  if (smallest > forgiven) return []
  return distances
    .filter(({ distance }) => distance === smallest)
    .map(({ word }) => word)
    .sort()
    .slice(0, limit)
}

function distanceTo(typed: string, word: string): number {
  const letters = [...word]
  const whole = editDistance([...typed], letters)
  const begun = typed.length < COMPARED_LENGTH ? whole : editDistance([...typed], letters.slice(0, [...typed].length))
  return Math.min(whole, begun)
}

/** Letters to insert, leave out, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: readonly string[], b: readonly string[]): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, letter] of a.entries()) {
    const row = [i + 1]
    for (const [j, other] of b.entries()) {
      const swapped = i > 0 && j > 0 && letter === b[j - 1] && other === a[i - 1]
      const replaced = at(last, j) + (letter === other ? 0 : 1)
      row.push(Math.min(at(row, j) + 1, at(last, j + 1) + 1, replaced, swapped ? at(before, j - 1) + 1 : Number.POSITIVE_INFINITY))
    }
    ;[before, last] = [last, row]
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
