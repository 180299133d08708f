import { type ErrorCode, RegistryError } from '../errors.ts'
import { displayUrl } from '../outbound/outbound-url.ts'

/** Oldest version that binds connections to checked addresses (`http.curloptResolve`). */
export const OLDEST_GIT = '2.37'

const MAX_SHOWN = 200

/** Text of others, on one line and without control characters. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, '?').slice(0, MAX_SHOWN)

const INSTALL_HINT = `Install Git ${OLDEST_GIT} or later where the server runs: apt-get install git, apk add git, dnf install git, brew install git`

/** The program is not there, or of no use. */
export const gitMissing = (state: string): RegistryError =>
  new RegistryError('GIT_MISSING', `Cannot run "git": ${state}`, { hint: INSTALL_HINT })

export function refusedUrl(url: URL | string, state: string): RegistryError {
  const shown = printable(displayUrl(url))
  return new RegistryError('UPSTREAM_REFUSED', `Cannot read the Git repository "${shown}": ${state}`, {
    detail: { url: shown, reason: 'git_url' },
  })
}

export function refusedRef(ref: string, state: string): RegistryError {
  const shown = printable(ref)
  return new RegistryError('UPSTREAM_REFUSED', `Cannot read the Git ref "${shown}": ${state}`, {
    detail: { ref: shown, reason: 'git_ref' },
  })
}

/** The repository has no such branch, tag or commit. */
export function missingRef(url: URL, ref: string): RegistryError {
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_REFUSED', `Cannot find "${printable(ref)}" in "${shown}": there is no such branch, tag or commit`, {
    detail: { url: shown, ref: printable(ref), reason: 'git_ref_missing' },
  })
}

/** There is no repository, or no public one; servers do not tell which. */
export function noRepository(url: URL, detail: Readonly<Record<string, unknown>>): RegistryError {
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_REFUSED', `Cannot read the Git repository "${shown}": there is none that everybody may read`, {
    hint: 'Check the address; private repositories are not read',
    detail: { ...detail, url: shown, reason: 'git_repository' },
  })
}

/** A limit of one operation. */
export interface GitExcess {
  readonly what: 'bytes' | 'objects' | 'tar bytes' | 'archive bytes'
  readonly limit: number
}

export function tooLarge(url: URL, { what, limit }: GitExcess): RegistryError {
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_REFUSED', `Cannot fetch "${shown}": it has more than ${limit} ${what}`, {
    detail: { url: shown, reason: 'too_large', limit, unit: what },
  })
}

interface Failure {
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly state: string
  /** `detail.reason`; `git` by default. */
  readonly reason?: string
}

/** What `git` writes, by what it means; the first that fits counts. Messages of `git` 2.37 to 2.52, and of curl. */
const FAILURES: readonly Failure[] = [
  { pattern: /no space left|quota exceeded/i, code: 'STORAGE_FULL', state: 'the disk is full' },
  { pattern: /the answer exceeded/, code: 'UPSTREAM_REFUSED', state: 'it has too many refs', reason: 'too_large' },
  {
    pattern: /out of memory|mmap failed|cannot allocate|signal (?:6|9|11)\b/i,
    code: 'UPSTREAM_REFUSED',
    state: 'reading it needs too much memory',
    reason: 'too_large',
  },
  { pattern: /signal 24\b/i, code: 'UPSTREAM_REFUSED', state: 'reading it takes too long', reason: 'too_large' },
  {
    pattern: /could not read (?:username|password)|authentication failed|error: 40[134]/i,
    code: 'UPSTREAM_REFUSED',
    state: 'there is no repository that everybody may read',
    reason: 'git_repository',
  },
  { pattern: /error: 3\d\d|HTTP 3\d\d/i, code: 'UPSTREAM_REFUSED', state: 'it redirects after its first answer' },
  {
    pattern:
      /could not resolve|failed to connect|couldn't connect|time[ds]? ?out|connection (?:reset|refused|died|was)|early eof|hung up|rpc failed|transfer closed|too slow|empty reply|error: (?:5\d\d|429)|disconnect|unexpected (?:eof|termination)/i,
    code: 'UPSTREAM_UNAVAILABLE',
    state: 'the connection broke off',
  },
  { pattern: /certificate|ssl/i, code: 'UPSTREAM_REFUSED', state: 'its TLS certificate is not trusted' },
]

/** A failed `git`, from what it wrote; in part that is the upstream's text, and it is shown shortened, on one line. */
export function explainFailure(url: URL, stderr: string): RegistryError {
  const shown = displayUrl(url)
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim() !== '' && !line.startsWith('remote:'))
  const said = printable(lines.findLast((line) => /^(?:fatal|error):/.test(line)) ?? lines.at(-1) ?? 'nothing')
  // What the server says about its own disk is not about ours.
  const own = lines.filter((line) => !line.includes('remote error:')).join('\n')
  const {
    code,
    state,
    reason = 'git',
  } = FAILURES.find(({ pattern }) => pattern.test(own)) ?? {
    code: 'UPSTREAM_REFUSED' as const,
    state: `Git says "${said}"`,
  }
  return new RegistryError(code, `Cannot fetch "${shown}": ${state}`, { detail: { url: shown, reason, git: said } })
}
