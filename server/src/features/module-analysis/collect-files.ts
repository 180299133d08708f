import { type ArchiveFile, readArchiveFiles } from '../module-archives/index.ts'
import type { AnalysisProblem } from './module-analysis.ts'

/** The files of one folder that say something about it. */
export interface CollectedFolder {
  /** As in a module part: empty for the root. */
  readonly path: string
  /** Sorted by path. */
  readonly configuration: readonly ArchiveFile[]
  readonly readme: ArchiveFile | undefined
}

/** What is read of an archive; everything else in it is passed over. */
export interface CollectedFiles {
  readonly root: CollectedFolder
  /** Folders that hold configuration, by path. */
  readonly submodules: readonly CollectedFolder[]
  readonly examples: readonly CollectedFolder[]
  readonly licence: ArchiveFile | undefined
  readonly problems: readonly AnalysisProblem[]
}

/** Parsing takes up to some hundred times the memory of the text. */
const MAX_CONFIGURATION_BYTES = 524_288
const MAX_README_BYTES = 262_144
const MAX_LICENCE_BYTES = 65_536
/** For the root, for all submodules and for all examples, each. */
const MAX_AREA_BYTES = { configuration: 2_097_152, readme: 2_097_152 } as const
const MAX_FOLDERS = 200

const CONFIGURATION = /^[^.].*\.(?:tf|tofu)(?:\.json)?$/
const README = /^readme(?:\.md|\.txt)?$/i
const README_RANKS = ['.md', '', '.txt']
const LICENCE = /^(?:licen[cs]e|copying|unlicense)(?:\.(?:md|txt|rst))?$/i

type Kind = 'configuration' | 'readme' | 'licence'

interface FoundFile {
  readonly folder: string
  readonly kind: Kind
  readonly file: ArchiveFile
}

/**
 * Picks README, licence and configuration of the root, of every `modules/NAME` and of every `examples/NAME` out of an archive.
 * What is beyond the limits is left out and told.
 * @param archivePath a canonical module archive
 */
export async function collectFiles(archivePath: string): Promise<CollectedFiles> {
  const problems: AnalysisProblem[] = []
  const used = new Map<string, number>()
  const found: FoundFile[] = []
  for await (const file of readArchiveFiles(archivePath, { select: bytesToRead })) {
    const place = classify(file.path)
    if (place === undefined) continue
    const refusal = spend({ ...place, file }, used)
    const message = refusal ?? noteCut({ ...place, file })
    if (message !== undefined) problems.push({ path: file.path, message })
    if (refusal === undefined) found.push({ ...place, file })
  }
  return { ...arrange(found, problems), problems }
}

function classify(path: string): { readonly folder: string; readonly kind: Kind } | undefined {
  const slash = path.lastIndexOf('/')
  const [folder, name] = slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)]
  if (folder !== '' && !/^(?:modules|examples)\/[^/]+$/.test(folder)) return undefined
  if (CONFIGURATION.test(name)) return { folder, kind: 'configuration' }
  if (README.test(name)) return { folder, kind: 'readme' }
  return folder === '' && LICENCE.test(name) ? { folder, kind: 'licence' } : undefined
}

function bytesToRead(path: string): number {
  const place = classify(path)
  if (place === undefined) return 0
  return { configuration: MAX_CONFIGURATION_BYTES, readme: MAX_README_BYTES, licence: MAX_LICENCE_BYTES }[place.kind]
}

/** Why a file is left out. READMEs and licences are only cut. */
function spend({ folder, kind, file }: FoundFile, used: Map<string, number>): string | undefined {
  if (kind === 'licence') return undefined
  if (kind === 'configuration' && file.size > MAX_CONFIGURATION_BYTES)
    return `The file is not read, it has ${file.size} bytes and the limit is ${MAX_CONFIGURATION_BYTES}`
  const area = `${kind} ${folder.split('/', 1)[0]}`
  const total = (used.get(area) ?? 0) + file.content.length
  if (total > MAX_AREA_BYTES[kind]) return `The file is not read, there are more than ${MAX_AREA_BYTES[kind]} bytes of such files`
  used.set(area, total)
  return undefined
}

/** A licence is known by its beginning. */
function noteCut({ kind, file: { size, content } }: FoundFile): string | undefined {
  if (kind !== 'readme' || size === content.length) return undefined
  return `Only its first ${content.length} bytes are shown, it has ${size}`
}

function arrange(found: readonly FoundFile[], problems: AnalysisProblem[]): Omit<CollectedFiles, 'problems'> {
  const byFolder = Map.groupBy(found, ({ folder }) => folder)
  const folders = [...byFolder].map(([path, files]) => toFolder(path, files)).sort((a, b) => (a.path < b.path ? -1 : 1))
  const within = (area: string) => folders.filter(({ path, configuration }) => path.startsWith(area) && configuration.length > 0)
  return {
    root: folders.find(({ path }) => path === '') ?? toFolder('', []),
    submodules: bound('modules', within('modules/'), problems),
    examples: bound('examples', within('examples/'), problems),
    licence: found.find(({ kind }) => kind === 'licence')?.file,
  }
}

function toFolder(path: string, found: readonly FoundFile[]): CollectedFolder {
  const all = found.filter(({ kind }) => kind === 'configuration').map(({ file }) => file)
  const paths = new Set(all.map((file) => file.path))
  // OpenTofu reads `x.tofu` in place of `x.tf`; callers of both programs see what Terraform sees.
  const configuration = all.filter((file) => !file.path.includes('.tofu') || !paths.has(file.path.replace(/\.tofu(\.json)?$/, '.tf$1')))
  const readmes = found.filter(({ kind }) => kind === 'readme').map(({ file }) => file)
  return { path, configuration, readme: readmes.sort((a, b) => readmeRank(a) - readmeRank(b))[0] }
}

function readmeRank({ path }: ArchiveFile): number {
  return README_RANKS.indexOf(/\.(?:md|txt)$/.exec(path.toLowerCase())?.[0] ?? '')
}

function bound(area: string, folders: readonly CollectedFolder[], problems: AnalysisProblem[]): readonly CollectedFolder[] {
  if (folders.length > MAX_FOLDERS)
    problems.push({ path: area, message: `Only the first ${MAX_FOLDERS} of its ${folders.length} folders are read` })
  return folders.slice(0, MAX_FOLDERS)
}
