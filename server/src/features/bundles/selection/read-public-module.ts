import { posix } from 'node:path'
import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type Requirement, readConfiguration } from '../../lock-file/index.ts'
import { type ArchiveFile, readArchiveFiles } from '../../module-archives/index.ts'
import type { HeldModuleRow } from '../../module-pull-through/index.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import { readModuleSource } from './module-source.ts'
import type { Call } from './walk.ts'

/** What a folder of a module needs, with the folders of the module that it calls. */
export interface ModuleNeeds {
  readonly requirements: readonly Requirement[]
  /** Of modules elsewhere. */
  readonly calls: Call[]
}

/** Which folder is called, and how names in it are read. */
export interface FolderCall {
  /** Below the folder of the module; empty: that one. */
  readonly folder: string
  /** Our own host name, as the asker knows it. */
  readonly own: string
  /** Host of sources that name none. */
  readonly defaultHostname: string
}

const CONFIGURATION = /^[^.].*\.(?:tf|tofu)(?:\.json)?$/
/** More is refused by the parser. */
const MAX_FILE_BYTES = 1_048_576
/** Of all files together: they lie in memory. */
const MAX_BYTES = 16 * MAX_FILE_BYTES

/**
 * Reads what a stored module of an upstream needs. Nothing is run.
 * @throws {RegistryError} INVALID_CONFIGURATION, INVALID_ADDRESS, BAD_REQUEST for what cannot be read; STORAGE_*
 */
export async function readPublicModule(
  deps: Pick<BundlesDeps, 'store' | 'spool'>,
  row: HeldModuleRow,
  { folder, own, defaultHostname }: FolderCall,
): Promise<ModuleNeeds> {
  const folders = Map.groupBy(await readFiles(deps, row), ({ path }) => posix.dirname(path))
  const requirements: Requirement[] = []
  const calls: Call[] = []
  const waiting = [clean(posix.join(row.subdir, folder))]
  const seen = new Set<string>()
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const files = folders.get(path)
    if (files === undefined || seen.has(path)) continue
    seen.add(path)
    const texts = withoutTwins(files).map((file) => ({ path: file.path, text: file.content.toString('utf8') }))
    const read = await readConfiguration(texts, { own, defaultHostname })
    requirements.push(...read.requirements)
    for (const call of read.moduleCalls) {
      const source = readModuleSource(call.source)
      if (source.kind === 'local') waiting.push(clean(posix.join(path, source.path)))
      else calls.push({ source: call.source, version: call.version })
    }
  }
  return { requirements, calls }
}

/** As `dirname` names folders. */
function clean(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '')
}

async function readFiles({ store, spool }: Pick<BundlesDeps, 'store' | 'spool'>, row: HeldModuleRow): Promise<ArchiveFile[]> {
  const stored = await store.get(row.storageKey)
  if (stored === undefined) throw damaged(row)
  const file = await spool.receive(stored.body, { maxBytes: row.size })
  try {
    if (file.sha256 !== row.sha256) throw damaged(row)
    const files: ArchiveFile[] = []
    let bytes = 0
    const select = (path: string) => (CONFIGURATION.test(posix.basename(path)) ? MAX_FILE_BYTES + 1 : 0)
    for await (const found of readArchiveFiles(file.path, { select })) {
      files.push(found)
      bytes += found.content.length
      if (bytes > MAX_BYTES) throw tooLarge(row)
    }
    return files
  } finally {
    await file.discard()
  }
}

/** OpenTofu reads `x.tofu` in place of `x.tf`; here counts what Terraform sees. */
function withoutTwins(files: readonly ArchiveFile[]): readonly ArchiveFile[] {
  const paths = new Set(files.map(({ path }) => path))
  return files.filter(({ path }) => {
    const twin = path.replace(/\.tofu(\.json)?$/, '.tf$1')
    return twin === path || !paths.has(twin)
  })
}

const nameOf = ({ hostname, version, ...row }: HeldModuleRow): string => `${hostname}/${formatModuleAddress(row)} ${version}`

function damaged(row: HeldModuleRow): RegistryError {
  return new RegistryError('CHECKSUM_MISMATCH', `Cannot read module "${nameOf(row)}": its stored archive has changed`, {
    hint: 'Have it fetched again: terrace mirror module delete ID',
  })
}

function tooLarge(row: HeldModuleRow): RegistryError {
  return new RegistryError(
    'INVALID_CONFIGURATION',
    `Cannot read module "${nameOf(row)}": it has more than ${MAX_BYTES} bytes of configuration`,
  )
}
