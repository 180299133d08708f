import { Value } from 'typebox/value'
import { formatProviderAddress } from '../addresses.ts'
import { parsePlatform } from '../platforms.ts'
import { quote } from '../quote.ts'
import { canonicalVersion } from '../versions.ts'
import { BUNDLE_FORMAT, BundleManifest, type BundleModule, type BundlePackage, type BundleProvider } from './bundle-manifest.ts'
import { byPath, partBytes } from './bundle-parts.ts'
import { namedObjects } from './bundle-paths.ts'

/** A manifest that is none, or contradicts itself. `reason` is a phrase for people. */
export class ManifestError extends Error {
  readonly reason: string

  constructor(reason: string, options?: ErrorOptions) {
    super(`Cannot read the manifest: ${reason}`, options)
    this.name = 'ManifestError'
    this.reason = reason
  }
}

/** The text of a manifest: members by name, lists by what they name, two blanks a level, one line feed at the end. */
export function formatManifest(manifest: BundleManifest): string {
  return `${JSON.stringify(sortMembers(sortLists(manifest)), undefined, 2)}\n`
}

/**
 * Reads the text of a manifest. What it answers is safe to use as it is: every path is the one that follows from an address, each is
 * there once in any case, sizes and parts add up, and nothing that is named is missing or left over.
 * @throws {ManifestError}
 */
export function parseManifest(text: string): BundleManifest {
  const manifest = readJson(text)
  if (formatManifest(manifest) !== text) throw new ManifestError('it is not written in its canonical form')
  checkNames(manifest)
  checkKeys(manifest)
  checkObjects(manifest)
  checkParts(manifest)
  return manifest
}

function readJson(text: string): BundleManifest {
  const value = parseJson(text)
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined
  if (typeof format !== 'string') throw new ManifestError('it is no manifest of a bundle')
  if (format !== BUNDLE_FORMAT) throw new ManifestError(`its format is ${quote(format)}, and this program reads "${BUNDLE_FORMAT}"`)
  if (Value.Check(BundleManifest, value)) return value
  const [problem] = Value.Errors(BundleManifest, value)
  throw new ManifestError(`${quote(problem?.instancePath ?? '')} ${problem?.message ?? 'is not as it must be'}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw notJson(error)
  }
}

function notJson(cause: unknown): ManifestError {
  return new ManifestError('it is no JSON', { cause })
}

function checkNames({ providers, modules }: BundleManifest): void {
  refuseRepeated(providers.map(formatProviderAddress))
  refuseRepeated(modules.map((module) => moduleName(module).toLowerCase()))
  for (const provider of providers) checkVersions(formatProviderAddress(provider), provider.versions)
  for (const module of modules) checkVersions(moduleName(module), module.versions)
  for (const module of modules) checkSources(module)
  for (const { packages } of providers.flatMap(({ versions }) => versions)) checkPackages(packages)
}

function checkPackages(packages: readonly BundlePackage[]): void {
  refuseRepeated(packages.map(({ platform }) => platform))
  for (const { platform, h1, zh } of packages) {
    if (parsePlatform(platform) === undefined) throw new ManifestError(`${quote(platform)} is no platform`)
    if (!h1.startsWith('h1:') || !zh.startsWith('zh:')) throw new ManifestError(`the hashes of ${quote(platform)} are mixed up`)
  }
}

function checkVersions(name: string, versions: readonly { readonly version: string }[]): void {
  refuseRepeated(versions.map(({ version }) => `${name} ${version}`))
  for (const { version } of versions) {
    if (canonicalVersion(version) !== version) throw new ManifestError(`${quote(version)} of ${quote(name)} is no version`)
  }
}

function checkSources(module: BundleModule): void {
  for (const { version, fetched_from: source } of module.versions) {
    const name = `${moduleName(module)} ${version}`
    if (module.origin === 'mirrored' && source === undefined) throw new ManifestError(`it does not say where ${quote(name)} is from`)
    if (module.origin === 'published' && source !== undefined) throw new ManifestError(`${quote(name)} has two origins`)
  }
}

function checkKeys({ keys, providers }: BundleManifest): void {
  const known = new Set(keys.map(({ fingerprint }) => fingerprint))
  refuseRepeated(keys.map(({ fingerprint }) => fingerprint))
  for (const { signing_key: key } of providers.flatMap(({ versions }) => versions)) {
    if (!known.has(key)) throw new ManifestError(`the signing key ${quote(key)} is missing`)
  }
}

function checkObjects(manifest: BundleManifest): void {
  const objects = new Map(manifest.objects.map((object) => [object.path, object]))
  refuseRepeated(manifest.objects.map(({ path }) => path.toLowerCase()))
  const named = namedObjects(manifest)
  for (const { path, sha256 } of named) {
    const object = objects.get(path)
    if (object === undefined) throw new ManifestError(`the object ${quote(path)} is missing`)
    if (sha256 !== undefined && sha256 !== object.sha256) throw new ManifestError(`${quote(path)} has two digests`)
    objects.delete(path)
  }
  const [rest] = objects.keys()
  if (rest !== undefined) throw new ManifestError(`the object ${quote(rest)} belongs to nothing`)
}

function checkParts({ objects, parts, since }: BundleManifest): void {
  const byPart = Map.groupBy(objects, ({ part }) => part)
  if (since === null && byPart.has(null)) throw new ManifestError('objects are in an earlier bundle, and it names none')
  parts.forEach(({ number, size }, index) => {
    if (number !== index + 1) throw new ManifestError('its parts are not numbered from 1 without gaps')
    const members = byPart.get(number)
    if (members === undefined) throw new ManifestError(`part ${number} is empty`)
    if (partBytes(members) !== size) throw new ManifestError(`part ${number} has another size than its objects together`)
  })
  for (const number of byPart.keys()) {
    if (number !== null && number > parts.length) throw new ManifestError(`part ${number} is not listed`)
  }
}

function refuseRepeated(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw new ManifestError(`${quote(name)} is there twice`)
    seen.add(name)
  }
}

const moduleName = ({ hostname, namespace, name, system }: BundleModule): string => `${hostname}/${namespace}/${name}/${system}`

function sortLists(manifest: BundleManifest): BundleManifest {
  const { objects, keys, providers, modules } = manifest
  return {
    ...manifest,
    objects: objects.toSorted(byPath),
    keys: keys.toSorted((a, b) => compare(a.fingerprint, b.fingerprint)),
    providers: providers.map(sortProvider).sort((a, b) => compare(formatProviderAddress(a), formatProviderAddress(b))),
    modules: modules.map(sortVersions).sort((a, b) => compare(moduleName(a), moduleName(b))),
  }
}

function sortProvider(provider: BundleProvider): BundleProvider {
  const versions = provider.versions.map((version) => ({
    ...version,
    packages: version.packages.toSorted((a, b) => compare(a.platform, b.platform)),
  }))
  return sortVersions({ ...provider, versions })
}

function sortVersions<Holder extends { readonly versions: readonly { readonly version: string }[] }>(holder: Holder): Holder {
  return { ...holder, versions: holder.versions.toSorted((a, b) => compare(a.version, b.version)) }
}

function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => compare(a, b))
  return Object.fromEntries(members.map(([name, member]) => [name, sortMembers(member)]))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
