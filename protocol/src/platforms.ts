import { type Static, Type } from 'typebox'

/** Operating systems, by Go's names, that Terraform providers are built for. */
export const OPERATING_SYSTEMS = ['darwin', 'dragonfly', 'freebsd', 'illumos', 'linux', 'netbsd', 'openbsd', 'solaris', 'windows'] as const

/** Processor architectures, by Go's names, that Terraform providers are built for. */
export const ARCHITECTURES = [
  '386',
  'amd64',
  'arm',
  'arm64',
  'loong64',
  'mips',
  'mips64',
  'mips64le',
  'mipsle',
  'ppc64',
  'ppc64le',
  'riscv64',
  's390x',
] as const

export type OperatingSystem = (typeof OPERATING_SYSTEMS)[number]
export type Architecture = (typeof ARCHITECTURES)[number]

/** What a package is built for. Names are case sensitive. */
export const Platform = Type.Object({
  os: Type.Enum([...OPERATING_SYSTEMS]),
  arch: Type.Enum([...ARCHITECTURES]),
})
export type Platform = Static<typeof Platform>

const OS_NAMES: Record<OperatingSystem, string> = {
  darwin: 'macOS',
  dragonfly: 'DragonFly BSD',
  freebsd: 'FreeBSD',
  illumos: 'illumos',
  linux: 'Linux',
  netbsd: 'NetBSD',
  openbsd: 'OpenBSD',
  solaris: 'Solaris',
  windows: 'Windows',
}

/** Reads `linux_amd64`; undefined for anything else, other case, blanks and unknown names included. */
export function parsePlatform(text: string): Platform | undefined {
  const [os = '', arch = '', rest] = text.split('_')
  return rest === undefined ? toPlatform(os, arch) : undefined
}

/** The platform of two separate names, such as the last two parts of a download path; undefined when either is unknown. */
export function toPlatform(os: string, arch: string): Platform | undefined {
  const knownOs = OPERATING_SYSTEMS.find((name) => name === os)
  const knownArch = ARCHITECTURES.find((name) => name === arch)
  return knownOs === undefined || knownArch === undefined ? undefined : { os: knownOs, arch: knownArch }
}

/** `linux_amd64`: the key of a platform in mirror documents, file names and our tables. */
export function formatPlatform(platform: Platform): string {
  return `${platform.os}_${platform.arch}`
}

/** For people: `macOS arm64`. */
export function platformDisplayName(platform: Platform): string {
  return `${OS_NAMES[platform.os]} ${platform.arch}`
}
