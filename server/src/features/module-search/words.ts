// Words end here, in documents and in queries alike; nobody types more, and what one document may cost stays bounded.
const MAX_WORD_LENGTH = 64

/** Letters and digits between anything else, in lower case and without accents; in the order of the text, repeated as there. */
export function wordsOf(text: string): string[] {
  const folded = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
  return Array.from(folded.matchAll(/[\p{L}\p{N}]+/gu), ([word]) => cut(word))
}

/** The words of a name written as one: `s3-bucket` is also found as `s3bucket`. */
export function joinWords(words: readonly string[]): string {
  return cut(words.join(''))
}

/** The words of a name, and every end of it as one word: `aws_s3_bucket` is `aws`, `s3`, `bucket`, `awss3bucket`, `s3bucket`. */
export function nameWordsOf(name: string): string[] {
  const parts = wordsOf(name)
  return [...parts, ...parts.slice(0, -1).map((_, start) => joinWords(parts.slice(start)))]
}

/** The beginning that a word shares with its plural: `clusters` is looked up as `cluster…`, `policies` as `polic…`. */
export function stemOf(word: string): string {
  if (word.length < 5 || !word.endsWith('s') || word.endsWith('ss')) return word
  return word.endsWith('ies') ? word.slice(0, -3) : word.slice(0, -1)
}

function cut(word: string): string {
  const kept = word.slice(0, MAX_WORD_LENGTH)
  // Half of a pair would not survive the way into the database.
  return kept.isWellFormed() ? kept : kept.slice(0, -1)
}
