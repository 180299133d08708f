import { quote } from './quote.ts'

/** A semantic version, missing parts filled with zero. Identifiers are kept as they were written. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
  readonly prerelease: readonly string[]
  readonly build: readonly string[]
}

/** Longest accepted version text; it becomes part of file names and paths. */
export const MAX_VERSION_LENGTH = 128

const NUMBER = '(?:0|[1-9]\\d*)'
const PRERELEASE_IDENTIFIER = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)'
const BUILD_IDENTIFIER = '[0-9A-Za-z-]+'
const VERSION_PATTERN = new RegExp(
  `^(${NUMBER})(?:\\.(${NUMBER}))?(?:\\.(${NUMBER}))?` +
    `(?:-(${PRERELEASE_IDENTIFIER}(?:\\.${PRERELEASE_IDENTIFIER})*))?(?:\\+(${BUILD_IDENTIFIER}(?:\\.${BUILD_IDENTIFIER})*))?$`,
)

/**
 * Reads `MAJOR[.MINOR[.PATCH]][-pre][+meta]`; undefined for anything else. A `v` prefix and leading zeros are refused: one
 * such string in a versions list makes Terraform before 1.13 reject the whole provider. Source: protocol.md 3.1, C61.
 */
export function parseVersion(text: string): Version | undefined {
  if (text.length > MAX_VERSION_LENGTH) return undefined
  const match = VERSION_PATTERN.exec(text)
  if (match === null) return undefined
  const [major, minor, patch] = [match[1], match[2], match[3]].map((part) => Number(part ?? '0'))
  if (!isExact(major) || !isExact(minor) || !isExact(patch)) return undefined
  return { major, minor, patch, prerelease: identifiers(match[4]), build: identifiers(match[5]) }
}

/**
 * `MAJOR.MINOR.PATCH[-pre][+meta]`, the form in which versions are stored, compared for identity and put into URLs;
 * undefined when `text` is not a version. With `allowV` one leading `v` is dropped, for tags that people name versions by.
 */
export function canonicalVersion(text: string, options: { readonly allowV?: boolean } = {}): string | undefined {
  const bare = options.allowV === true && text.startsWith('v') ? text.slice(1) : text
  const version = parseVersion(bare)
  return version === undefined ? undefined : formatVersion(version)
}

/** The canonical text of a version. */
export function formatVersion(version: Version): string {
  const prerelease = version.prerelease.length === 0 ? '' : `-${version.prerelease.join('.')}`
  const build = version.build.length === 0 ? '' : `+${version.build.join('.')}`
  return `${version.major}.${version.minor}.${version.patch}${prerelease}${build}`
}

/** True for versions such as `1.0.0-rc.1`, which Terraform installs only on exact request. Build metadata does not count. */
export function isPrerelease(version: Version | string): boolean {
  return toVersion(version).prerelease.length > 0
}

/**
 * Negative when `a` comes before `b`, 0 when they have equal precedence (build metadata does not count), else positive.
 * Texts are read by `parseVersion`. Source: semver.org 2.0.0, item 11.
 * @throws {TypeError} when a text is not a version.
 */
export function compareVersions(a: Version | string, b: Version | string): number {
  const left = toVersion(a)
  const right = toVersion(b)
  return (
    left.major - right.major ||
    left.minor - right.minor ||
    left.patch - right.patch ||
    comparePrereleases(left.prerelease, right.prerelease)
  )
}

function toVersion(version: Version | string): Version {
  if (typeof version !== 'string') return version
  const parsed = parseVersion(version)
  if (parsed === undefined) throw new TypeError(`Cannot compare version ${quote(version)}: it is not a semantic version`)
  return parsed
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right === undefined) return 1
    const difference = compareIdentifiers(left, right)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareIdentifiers(a: string, b: string): number {
  const aIsNumber = /^\d+$/.test(a)
  const bIsNumber = /^\d+$/.test(b)
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1
  // Without leading zeros the longer number is the greater one, at any size.
  if (aIsNumber && a.length !== b.length) return a.length - b.length
  return a === b ? 0 : a < b ? -1 : 1
}

function identifiers(text: string | undefined): string[] {
  return text === undefined ? [] : text.split('.')
}

function isExact(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value)
}
