const MAX_LENGTH = 56
const FALLBACK = 'user'
/** Names that are tried for one hint: `mia`, `mia-2`, … */
const TRIES = 50

/**
 * Names for a new user, best first: the hint in the form of a user name, then the same with a number. A name that exists is never
 * taken over, whatever the identity provider calls somebody.
 */
export function usernameCandidates(hint: string): string[] {
  const plain = hint
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll(/[^a-z0-9._@-]+/g, '-')
    .slice(0, MAX_LENGTH)
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  const name = plain === '' ? FALLBACK : plain
  return Array.from({ length: TRIES }, (_, index) => (index === 0 ? name : `${name}-${index + 1}`))
}
