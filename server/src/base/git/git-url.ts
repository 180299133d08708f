import { refusedUrl } from './git-errors.ts'

const MAX_URL_LENGTH = 1000
/** Nothing that a parser would encode, leave out or read as something else, such as a backslash. */
const PLAIN_URL = /^[\w.~@:,=+%/[\]?#-]+$/
/** What paths of repositories are made of; everything else is percent-encoded. */
const PLAIN_PATH = /^(?:[\w.~@:,=+-]|%[0-9A-Fa-f]{2}|\/(?!\/))+$/
/**
 * A name or an address. Nothing else may reach the list of addresses that `git` is bound to: with a minus or plus in front an entry
 * there has another meaning, and a name that ends with a dot would not be found in it.
 */
const PLAIN_HOST = /^(?:(?!-)[a-z\d-]{1,63}(?<!-)(?:\.(?!-)[a-z\d-]{1,63}(?<!-))*|\[[\da-f:.]+\])$/
const CONTROLS = /%[01][0-9A-F]|%7F/i

/**
 * The URL of a repository that may be asked, in its canonical form and without a slash at the end.
 * @throws {RegistryError} UPSTREAM_REFUSED for every other scheme, `ext::` and `file:` among them, for users, passwords, queries,
 * fragments, and for characters that programs read differently.
 */
export function parseGitUrl(text: string): URL {
  const url = text.length > MAX_URL_LENGTH || !PLAIN_URL.test(text) ? null : URL.parse(text)
  if (url === null) throw refusedUrl(text, 'it is not a URL')
  const problem = problemOfUrl(url, text) ?? problemOfPath(url.pathname)
  if (problem !== undefined) throw refusedUrl(url, problem)
  url.pathname = url.pathname.replace(/\/$/, '')
  return url
}

function problemOfUrl(url: URL, text: string): string | undefined {
  if (url.protocol !== 'https:') return 'only https is supported for Git'
  if (url.username !== '' || url.password !== '') return 'it carries a user name or password'
  if (/[?#]/.test(text)) return 'it has a query or a fragment'
  return PLAIN_HOST.test(url.hostname) ? undefined : 'its host name is unusual'
}

function problemOfPath(path: string): string | undefined {
  if (path === '/') return 'it names no repository'
  return PLAIN_PATH.test(path) && !CONTROLS.test(path) ? undefined : 'its path has unusual characters'
}
