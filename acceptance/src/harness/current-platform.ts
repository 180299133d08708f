import { arch, platform } from 'node:process'

const OS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows', freebsd: 'freebsd' }
const ARCH: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ia32: '386', arm: 'arm' }

/** The platform whose packages the client on this machine installs, for example `linux_amd64`. */
export const HERE = `${OS[platform] ?? platform}_${ARCH[arch] ?? arch}`

/** Platforms that no machine of a developer has. */
export const ELSEWHERE = ['openbsd_386', 'solaris_amd64'] as const
