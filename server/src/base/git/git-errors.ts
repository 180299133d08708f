import { RegistryError } from '../errors.ts'
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

/** A limit of one operation. */
export interface GitExcess {
  readonly what: 'bytes' | 'objects' | 'tar bytes' | 'refs'
  readonly limit: number
}

export function tooLarge(url: URL, { what, limit }: GitExcess): RegistryError {
  const shown = displayUrl(url)
  return new RegistryError('UPSTREAM_REFUSED', `Cannot fetch "${shown}": it has more than ${limit} ${what}`, {
    detail: { url: shown, reason: 'too_large', limit, unit: what },
  })
}

/** What `git` says when the other side, or the way to it, failed, which may pass. */
const PASSING =
  /could not resolve|failed to connect|couldn't connect|timed? ?out|timeout|connection (?:reset|refused|died|was)|early eof|hung up|rpc failed|transfer closed|operation too slow|empty reply|error: 5\d\d|disconnect|unexpected (?:eof|termination)/i
const UNTRUSTED = /certificate|ssl/i
const TOO_BIG = /signal 25|file too large|exceeded/i
const TOO_MUCH_MEMORY = /out of memory|signal 6|mmap failed|cannot allocate/i
const DISK_FULL = /no space left|quota exceeded/i

/** A failed `git`, from what it wrote; the text is the upstream's in part and is shown shortened, on one line. */
export function explainFailure(url: URL, stderr: string): RegistryError {
  const shown = displayUrl(url)
  const detail = { url: shown, reason: 'git', git: printable(lastWords(stderr)) }
  const message = (state: string) => `Cannot fetch "${shown}": ${state}`
  if (DISK_FULL.test(stderr)) return new RegistryError('STORAGE_FULL', message('the disk is full'), { detail })
  if (TOO_BIG.test(stderr))
    return new RegistryError('UPSTREAM_REFUSED', message('the repository is too large'), { detail: { ...detail, reason: 'too_large' } })
  if (TOO_MUCH_MEMORY.test(stderr)) return new RegistryError('UPSTREAM_REFUSED', message('reading it needs too much memory'), { detail })
  if (PASSING.test(stderr)) return new RegistryError('UPSTREAM_UNAVAILABLE', message('the connection broke off'), { detail })
  if (UNTRUSTED.test(stderr)) return new RegistryError('UPSTREAM_REFUSED', message('its TLS certificate is not trusted'), { detail })
  return new RegistryError('UPSTREAM_REFUSED', message(`Git says "${detail.git}"`), { detail })
}

/** The line that says why; what the server wrote (`remote:`) is none. */
function lastWords(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim() !== '' && !line.startsWith('remote:'))
  return lines.findLast((line) => /^(?:fatal|error):/.test(line)) ?? lines.at(-1) ?? 'nothing'
}
