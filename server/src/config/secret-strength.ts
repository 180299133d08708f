const NEEDED_BITS = 256
// A random text reaches this with ease; words that are typed again and again do not.
const NEEDED_VARIETY_BITS = 150

// Most bits that one character of a random text can have, the narrowest alphabet first.
const ALPHABETS: readonly (readonly [form: RegExp, bits: number])[] = [
  [/^\d*$/, Math.log2(10)],
  [/^[\da-f]*$/i, 4],
  [/^[\w+/-]*$/, 6],
]
const ANY_CHARACTER_BITS = Math.log2(95)

/** The most bits that the secret can have by its length and its alphabet. */
function bitsOf(secret: string): number {
  const characters = [...secret.replace(/=+$/, '')]
  const bits = ALPHABETS.find(([form]) => form.test(characters.join('')))?.[1] ?? ANY_CHARACTER_BITS
  return characters.length * bits
}

/** Bits by how often each character stands in the secret (Shannon); few for one that repeats a handful of them. */
function varietyOf(secret: string): number {
  const characters = [...secret]
  const counts = new Map<string, number>()
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1)
  return [...counts.values()].reduce((bits, count) => bits - count * Math.log2(count / characters.length), 0)
}

/** `abcabcabc`. */
function repeatsItself(secret: string): boolean {
  return `${secret}${secret}`.slice(1, -1).includes(secret)
}

/**
 * Why a secret that signs or seals is too weak; `undefined` for one that may have 256 bits. Quotes nothing of it.
 * Source: reliability.md row 47, requirements.md SEC-09
 */
export function secretProblem(secret: string): string | undefined {
  if (bitsOf(secret) < NEEDED_BITS) {
    return 'has less than 256 bits; take 64 hexadecimal digits, 43 characters of base64, or 39 of any kind, for example from: openssl rand -base64 32'
  }
  if (repeatsItself(secret) || varietyOf(secret) < NEEDED_VARIETY_BITS) return 'is too easy to guess; take a random text'
  return undefined
}
