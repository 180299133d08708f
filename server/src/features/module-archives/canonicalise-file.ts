import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { TarFile } from '@terrace/protocol/tar-headers.ts'
import { ArchiveRefused } from '../../base/archives/archive-refused.ts'
import { ArchiveTree } from './archive-tree.ts'
import { ContentStage } from './content-stage.ts'
import { gunzipFile, type OpenArchive } from './gunzip-file.ts'
import { checkRatio, type ModuleArchiveLimits, type ModuleArchiveProblem, refusal, type TreeFile } from './module-archive-rules.ts'
import { readTar } from './read-tar.ts'
import { openZip, readZip } from './read-zip.ts'
import { type WrittenArchive, writeCanonicalArchive } from './write-canonical-archive.ts'

/** What became of an archive. */
export interface CanonicalModule extends WrittenArchive {
  /** The files, in the order of the archive: by the bytes of their paths. */
  readonly entries: readonly TarFile[]
  /** Top folders that were taken off, without a slash at the end. */
  readonly unwrapped?: string
  /** Git commit that the archive names; `git archive` and the archives of GitHub and GitLab do. Nobody has checked it. */
  readonly commit?: string
}

export interface CanonicaliseRequest {
  readonly inputPath: string
  readonly outputPath: string
  /** Top folders that hold everything stay: somebody names files by their whole paths. */
  readonly keepsFolders?: boolean
  /** Symbolic links to what is in a `.tar.gz` become copies of it; otherwise they refuse the archive. */
  readonly followsLinks?: boolean
}

/** Either what was written or the rule that refuses the archive. */
export type CanonicaliseResult = { readonly accepted: CanonicalModule } | { readonly refused: ModuleArchiveProblem }

/** Reads an archive, holds it to the rules and writes it again in its canonical form. Nothing is at `outputPath` when it is refused. */
export async function canonicaliseFile(
  { inputPath, outputPath, keepsFolders = false, followsLinks = false }: CanonicaliseRequest,
  limits: ModuleArchiveLimits,
): Promise<CanonicaliseResult> {
  const fd = openSync(inputPath, 'r')
  const stage = new ContentStage(`${outputPath}.content`)
  try {
    return {
      accepted: await canonicaliseArchive({ fd, size: fstatSync(fd).size }, { outputPath, stage, limits, keepsFolders, followsLinks }),
    }
  } catch (error) {
    if (error instanceof ArchiveRefused) return { refused: error.problem }
    throw error
  } finally {
    stage.close()
    closeSync(fd)
  }
}

interface Target {
  readonly outputPath: string
  readonly stage: ContentStage
  readonly limits: ModuleArchiveLimits
  readonly keepsFolders: boolean
  readonly followsLinks: boolean
}

async function canonicaliseArchive(file: OpenArchive, { outputPath, keepsFolders, ...rest }: Target): Promise<CanonicalModule> {
  const { stage, limits } = rest
  if (file.size > limits.maxArchiveBytes) throw refusal('too_large', `has ${file.size} bytes, more than ${limits.maxArchiveBytes}`)
  const tree = new ArchiveTree(limits)
  const comment = await FORMATS[detectFormat(file)](file, { tree, ...rest })
  const { files, unwrapped } = tree.finish({ keepsFolders })
  const sorted = sortByPath(files)
  const written = await writeCanonicalArchive(outputPath, {
    files: sorted,
    read: (entry) => stage.read(entry),
    // What was packed badly may become a bomb, which nobody could publish again.
    verify: ({ size, contentSize }) => checkRatio({ from: size, to: contentSize }, limits),
  })
  const commit = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.exec(comment)?.[0]
  return {
    ...written,
    entries: sorted.map(({ path, size, executable }) => ({ path, size, executable })),
    ...(unwrapped !== undefined && { unwrapped }),
    ...(commit !== undefined && { commit }),
  }
}

function sortByPath(files: readonly TreeFile[]): TreeFile[] {
  const keyed = files.map((file) => ({ file, key: Buffer.from(file.path) }))
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ file }) => file)
}

interface Intake {
  readonly tree: ArchiveTree
  readonly stage: ContentStage
  readonly limits: ModuleArchiveLimits
  readonly followsLinks: boolean
}

/** Both answer the comment of the archive. */
const FORMATS = { 'tar.gz': takeTarGz, zip: takeZip } as const

/** By content: names and content types of uploads are wrong too often. */
function detectFormat({ fd }: OpenArchive): keyof typeof FORMATS {
  const head = Buffer.alloc(4)
  readSync(fd, head, 0, head.length, 0)
  const start = head.toString('latin1')
  if (start.startsWith('\x1f\x8b')) return 'tar.gz'
  if (start === 'PK\x03\x04' || start === 'PK\x05\x06') return 'zip'
  throw refusal('not_an_archive', 'is neither a ".tar.gz" nor a ".zip" file')
}

async function takeTarGz(file: OpenArchive, { tree, stage, limits, followsLinks }: Intake): Promise<string> {
  let archiveComment = ''
  for await (const event of readTar(gunzipFile(file, limits), { passesLinks: followsLinks })) {
    if ('content' in event) stage.write(event.content)
    else if ('comment' in event) archiveComment = event.comment
    else if ('link' in event) tree.addLink(event.link)
    else {
      tree.add(event.entry)
      stage.begin(event.entry.index)
    }
  }
  return archiveComment
}

async function takeZip(file: OpenArchive, { tree, stage, limits }: Intake): Promise<string> {
  const zip = openZip(file, limits)
  for (const entry of zip.entries.values()) tree.add(entry)
  await readZip(file, zip, (entry) => {
    stage.begin(entry.index)
    return (chunk) => stage.write(chunk)
  })
  return zip.directory.comment.toString('utf8')
}
