import { join } from 'node:path'
import type { GitEndpoint } from './find-endpoint.ts'

/** What `git` is told about one repository. */
export interface GitSurroundings {
  /** Folder of this operation; nothing outside is read or written. */
  readonly folder: string
  readonly endpoint: GitEndpoint
  readonly proxyUrl: string | undefined
  /** Of the whole operation. */
  readonly timeoutMs: number
}

const MAX_STALL_SECONDS = 60

/** The repository inside the folder. */
export const repositoryOf = (folder: string): string => join(folder, 'repository')

/** PEM file of all CAs that count. */
export const trustedOf = (folder: string): string => join(folder, 'trusted.pem')

/** All variables of `git`. Settings are variables as well, so that no password of a proxy is in a list of processes or in a file. */
export function gitEnvironment(surroundings: GitSurroundings): Record<string, string> {
  const { folder } = surroundings
  const settings = gitSettings(surroundings)
  return {
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    TMPDIR: folder,
    LC_ALL: 'C',
    GIT_DIR: repositoryOf(folder),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_ALLOW_PROTOCOL: 'https',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  }
}

type Setting = [key: string, value: string]

function gitSettings({ folder, endpoint, proxyUrl = '', timeoutMs }: GitSurroundings): Setting[] {
  const { url, addresses } = endpoint
  return [
    ['remote.origin.url', url.href],
    ['http.followRedirects', 'false'],
    ['http.sslVerify', 'true'],
    ['http.sslCAInfo', trustedOf(folder)],
    ['http.userAgent', 'git/Terrace'],
    ['http.lowSpeedLimit', '1'],
    ['http.lowSpeedTime', String(Math.min(MAX_STALL_SECONDS, Math.ceil(timeoutMs / 1000)))],
    ...(proxyUrl === '' ? [] : [['http.proxy', proxyUrl] satisfies Setting]),
    ...(addresses === undefined ? [] : [pinned(url, addresses)]),
    ['credential.helper', ''],
    ['core.hooksPath', '/dev/null'],
    ['core.attributesFile', '/dev/null'],
    ['core.excludesFile', '/dev/null'],
    ['core.fsmonitor', 'false'],
    ['core.symlinks', 'false'],
    ['submodule.recurse', 'false'],
    ['fetch.recurseSubmodules', 'false'],
    ['fetch.fsckObjects', 'true'],
    // What old programs wrote, and big hosts let through as well.
    ...['badTimezone', 'missingSpaceBeforeDate', 'zeroPaddedFilemode'].map((id): Setting => [`fetch.fsck.${id}`, 'ignore']),
    // Always one pack, whose size and number of objects can be seen while it grows.
    ['fetch.unpackLimit', '1'],
    ['fetch.writeCommitGraph', 'false'],
    ['transfer.bundleURI', 'false'],
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    // Memory: larger blobs are streamed, and one thread works at a time.
    ['core.bigFileThreshold', '1m'],
    ['core.deltaBaseCacheLimit', '16m'],
    ['core.packedGitWindowSize', '16m'],
    ['core.packedGitLimit', '128m'],
    ['pack.threads', '1'],
    ['index.threads', '1'],
    ['advice.detachedHead', 'false'],
  ]
}

/** The address was checked; asking DNS again could give another one. Source: curl, CURLOPT_RESOLVE */
function pinned({ hostname, port }: URL, addresses: readonly string[]): Setting {
  const bracketed = addresses.map((address) => (address.includes(':') ? `[${address}]` : address))
  return ['http.curloptResolve', `${hostname}:${port === '' ? '443' : port}:${bracketed.join(',')}`]
}
