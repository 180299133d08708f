import { createHash } from 'node:crypto'
import { RegistryError } from '../../../base/errors.ts'
import { displayUrl } from '../../../base/outbound/outbound-url.ts'
import type { JobItemContext } from '../../../base/queue/worker.ts'
import type { SpooledFile } from '../../../base/spool.ts'
import type { ModulePullDeps } from '../module-pull-deps.ts'
import type { ArchiveSource, ExpectedChecksum, GitModuleSource, ModuleSource } from '../sources/module-source.ts'

/** An archive as it came, and where from. */
export interface FetchedSource {
  /** To be discarded by the caller. */
  readonly file: SpooledFile
  readonly origin: ModuleOrigin
}

/** What is recorded of where a module came from. */
export interface ModuleOrigin {
  readonly sourceKind: ModuleSource['kind']
  /** Without a query. */
  readonly sourceUrl: string
  readonly gitRef: string | null
  readonly commitSha: string | null
  readonly receivedSha256: string | null
}

type FetchDeps = Pick<ModulePullDeps, 'config' | 'spool' | 'upstreamModules' | 'git'>

interface SourceRequest<Source> {
  /** Of the upstream, whose CAs are trusted. */
  readonly hostname: string
  readonly source: Source
  readonly context: JobItemContext
}

/** Brings the archive of a source into the spool; a Git ref is settled to a commit first. */
export function fetchSource(deps: FetchDeps, { source, ...request }: SourceRequest<ModuleSource>): Promise<FetchedSource> {
  return source.kind === 'git' ? fetchGit(deps, { source, ...request }) : fetchArchive(deps, { source, ...request })
}

async function fetchGit(deps: FetchDeps, { hostname, source, context }: SourceRequest<GitModuleSource>): Promise<FetchedSource> {
  const caFile = deps.upstreamModules.caFileOf(hostname)
  const repository = { url: source.url, ...(caFile !== undefined && { caFile }) }
  const { modules, providers } = deps.config
  const maxArchiveBytes = modules.archiveMaxMb * 1024 * 1024
  const limits = { signal: context.signal, timeoutMs: providers.downloadTotalTimeoutSeconds * 1000, maxArchiveBytes }
  const commitSha = await deps.git.resolveRef(repository, source.ref, limits)
  const file = await deps.git.archiveCommit(repository, commitSha, limits)
  const origin = { sourceUrl: displayUrl(source.url), gitRef: source.ref ?? null, commitSha, receivedSha256: null }
  return { file, origin: { sourceKind: 'git', ...origin } }
}

async function fetchArchive(deps: FetchDeps, { hostname, source, context }: SourceRequest<ArchiveSource>): Promise<FetchedSource> {
  const { signal, progress } = context
  const { checksum, url } = source
  const maxBytes = deps.config.modules.archiveMaxMb * 1024 * 1024
  const hash = checksum && createHash(checksum.algorithm)
  const sink = await deps.spool.openSink({ maxBytes })
  try {
    await deps.upstreamModules.downloadArchive(url, { hostname, signal, onProgress: progress, maxBytes }, (chunk) => {
      hash?.update(chunk)
      return sink.write(chunk)
    })
    if (checksum !== undefined) requireChecksum(url, checksum, hash?.digest('hex') ?? '')
    const file = await sink.finish()
    const origin = { sourceUrl: displayUrl(url), gitRef: null, commitSha: null, receivedSha256: file.sha256 }
    return { file, origin: { sourceKind: 'archive', ...origin } }
  } catch (error) {
    await sink.abort()
    throw error
  }
}

function requireChecksum(url: string, { algorithm, hex }: ExpectedChecksum, found: string): void {
  if (found === hex) return
  throw new RegistryError('CHECKSUM_MISMATCH', `Cannot verify "${displayUrl(url)}": the upstream names another ${algorithm} for it`, {
    detail: { expected: hex, found },
  })
}
