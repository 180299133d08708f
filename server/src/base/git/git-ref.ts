import { refusedRef } from './git-errors.ts'

const MAX_REF_LENGTH = 250
const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
const SHORT_COMMIT_ID = /^[0-9a-f]{7,63}$/

/** Characters that no ref may have. Source: git-check-ref-format(1), rules 4, 5 and 10. */
const FORBIDDEN = /[\p{Cc} ~^:?*[\\]/u
/** Rules 1, 3, 6, 7, 8 and 9, and a minus in front, which would be an option. */
const MISSHAPEN = /(?:^|\/)\.|\.lock(?:\/|$)|\.\.|^\/|\/$|\/\/|\.$|@\{|^@$|^-/

/** A complete commit id, in lower case. */
export const isCommitId = (text: string): boolean => COMMIT_ID.test(text)

/** What may be the beginning of a commit id. */
export const isShortCommitId = (text: string): boolean => SHORT_COMMIT_ID.test(text)

/** @throws {RegistryError} UPSTREAM_REFUSED unless the text may be the name of a ref, or a commit id */
export function checkRef(ref: string): void {
  if (ref === '' || ref.length > MAX_REF_LENGTH || FORBIDDEN.test(ref) || MISSHAPEN.test(ref) || !ref.isWellFormed()) {
    throw refusedRef(ref, 'it is not the name of a branch, tag or commit')
  }
}

/** Full names that a ref may mean, the first that exists counts. Source: gitrevisions(7), without the local ones. */
export function fullRefNames(ref: string | undefined): string[] {
  if (ref === undefined || ref === 'HEAD') return ['HEAD']
  const below = [`refs/tags/${ref}`, `refs/heads/${ref}`]
  if (ref.startsWith('refs/')) return [ref, ...below]
  return /^(?:tags|heads)\//.test(ref) ? [`refs/${ref}`, ...below] : below
}
