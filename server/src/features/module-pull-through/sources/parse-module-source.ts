import {
  type ArchiveSource,
  CHECKSUMS,
  type ChecksumAlgorithm,
  type ExpectedChecksum,
  type ModuleSource,
  UnsupportedSource,
} from './module-source.ts'
import { splitSubdir } from './split-subdir.ts'

/** Archives that can be read, by what go-getter calls them. */
const READABLE: ReadonlySet<string> = new Set(['zip', 'tar.gz', 'tgz'])
/** Those that it knows besides; longer names first. */
const UNREADABLE = ['tar.bz2', 'tbz2', 'tar.xz', 'txz', 'tar.zst', 'tzst', 'bz2', 'gz', 'xz', 'zst'] as const

const FORCED = /^([A-Za-z0-9]+)::(.+)$/
const SCP_LIKE = /^(?:[\w-]+@)[\w.-]+:(?!\/\/)/

const HOW: Readonly<Record<string, string>> = {
  s3: 'lies in an S3 bucket, which needs a credential',
  gcs: 'lies in a Google Cloud Storage bucket, which needs a credential',
  hg: 'is a Mercurial repository',
  file: 'is a path on the machine of the upstream',
  ssh: 'is read by SSH, which needs a key',
  oci: 'lies in an OCI registry',
}

/**
 * Reads where a registry says that a module is, as Terraform and go-getter do.
 * @param text value of `X-Terraform-Get`. @param base what was asked for it.
 * @throws {UnsupportedSource} for everything that is neither an archive nor Git by https; what the base has in clear text may be so too.
 */
export function parseModuleSource(text: string, base: URL): ModuleSource {
  const address = /^\.{0,2}\//.test(text) ? resolveRelative(text, base) : text
  const source = parseAddress(address)
  const { protocol } = new URL(source.url)
  if (protocol === 'http:' && base.protocol === 'https:')
    throw new UnsupportedSource('is on http, where anybody on the way could change it')
  return source
}

function resolveRelative(text: string, base: URL): string {
  const url = URL.parse(text, base)
  if (url === null) throw new UnsupportedSource('is not a URL')
  return url.href
}

function parseAddress(address: string): ModuleSource {
  const [, forced = '', rest = address] = FORCED.exec(address) ?? []
  const { source, subdir } = splitSubdir(rest)
  const detected = detectShorthand(source)
  const getter = (forced || detected.forced).toLowerCase()
  const url = parseUrl(detected.url, getter)
  if (getter === 'git') return toGitSource(url, subdir)
  if (getter !== '' && getter !== 'http' && getter !== 'https')
    throw new UnsupportedSource(HOW[getter] ?? `needs the getter "${getter.slice(0, 20)}"`)
  return toArchiveSource(url, subdir)
}

/** What go-getter takes for more than it says. Source: Terraform's detectors, protocol.md 2.4 (B40, B43, B93). */
function detectShorthand(source: string): { readonly forced: string; readonly url: string } {
  const [host = '', owner = '', repository = '', ...folders] = source.split('/')
  if (host !== 'github.com' && host !== 'bitbucket.org') return { forced: '', url: source }
  if (owner === '' || repository === '') throw new UnsupportedSource('names no repository')
  const [name = '', query] = repository.split('?')
  const file = name.endsWith('.git') ? name : `${name}.git`
  const path = [`https://${host}/${owner}/${file}`, ...folders].join('/')
  return { forced: 'git', url: query === undefined ? path : `${path}?${query}` }
}

function parseUrl(text: string, getter: string): URL {
  if (SCP_LIKE.test(text)) throw new UnsupportedSource(HOW.ssh ?? '')
  const url = URL.parse(text)
  if (url === null || !text.includes('://')) throw new UnsupportedSource(HOW[getter] ?? 'is no address that can be fetched')
  const scheme = url.protocol.slice(0, -1)
  if (scheme !== 'https' && scheme !== 'http')
    throw new UnsupportedSource(HOW[scheme.replace(/^git\+/, '')] ?? `has the scheme "${scheme.slice(0, 20)}"`)
  if (url.username !== '' || url.password !== '') throw new UnsupportedSource('carries a user name or password')
  url.hash = ''
  return url
}

function toGitSource(url: URL, subdir: string): ModuleSource {
  const ref = url.searchParams.get('ref') ?? undefined
  const others = [...url.searchParams.keys()].filter((key) => key !== 'ref' && key !== 'depth')
  if (others.length > 0) throw new UnsupportedSource(`has the parameter "${(others[0] ?? '').slice(0, 20)}"`)
  url.search = ''
  return { kind: 'git', url: url.href, ...(ref !== undefined && ref !== '' && { ref }), subdir }
}

function toArchiveSource(url: URL, subdir: string): ArchiveSource {
  const type = url.searchParams.get('archive') ?? typeOfPath(url.pathname)
  const checksum = url.searchParams.get('checksum')
  if (!READABLE.has(type)) throw new UnsupportedSource(describeType(type))
  // The rest of the query may be signed: it is sent byte for byte (protocol.md B20).
  url.search = url.search
    .slice(1)
    .split('&')
    .filter((pair) => !/^(?:archive|checksum)(?:=|$)/.test(pair))
    .join('&')
  return { kind: 'archive', url: url.href, subdir, ...(checksum !== null && { checksum: parseChecksum(checksum) }) }
}

function typeOfPath(path: string): string {
  return [...READABLE, ...UNREADABLE].find((type) => path.endsWith(`.${type}`)) ?? ''
}

function describeType(type: string): string {
  const isKnown = UNREADABLE.some((known) => known === type)
  return isKnown ? `is an archive of the kind "${type}"` : 'does not say that it is a ".zip" or ".tar.gz" archive'
}

function parseChecksum(text: string): ExpectedChecksum {
  const colon = text.indexOf(':')
  const hex = text.slice(colon + 1).toLowerCase()
  const named = colon === -1 ? algorithmOfLength(hex.length) : text.slice(0, colon)
  if (!isAlgorithm(named) || hex.length !== CHECKSUMS[named] || !/^[0-9a-f]+$/.test(hex)) {
    throw new UnsupportedSource('has a checksum of a kind that is not known')
  }
  return { algorithm: named, hex }
}

function algorithmOfLength(length: number): string {
  return Object.entries(CHECKSUMS).find(([, digits]) => digits === length)?.[0] ?? ''
}

function isAlgorithm(name: string): name is ChecksumAlgorithm {
  return Object.hasOwn(CHECKSUMS, name)
}
