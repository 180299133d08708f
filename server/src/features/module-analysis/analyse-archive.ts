import type { ArchiveFile } from '../module-archives/index.ts'
import { type CollectedFiles, type CollectedFolder, collectFiles } from './collect-files.ts'
import { identifyLicence } from './identify-licence.ts'
import { type ConfigurationDocument, isOverrideFile, mergeConfiguration } from './merge-configuration.ts'
import { type AnalysisProblem, emptyPart, type ModuleAnalysis, type ModulePart } from './module-analysis.ts'
import { parseConfiguration } from './parse-configuration.ts'
import { readPart } from './read-part.ts'

export interface ArchiveToAnalyse {
  /** A canonical module archive. */
  readonly archivePath: string
  /** Files that broke an earlier attempt, with what to say about them. */
  readonly skip: ReadonlyMap<string, string>
  /** After so long no further file is begun; 0 reads no configuration at all. */
  readonly parseBudgetMs: number
  /** Called before a file is parsed and, without a path, after it: so that whoever waits knows which file takes so long. */
  readonly onFile: (path?: string) => void
}

const MAX_PROBLEMS = 100
/** Characters of JSON. A short declaration becomes ten times as long, and an analysis is stored and sent whole. */
const MAX_ANALYSIS_LENGTH = 4_194_304

/** Reads an archive into an analysis. Runs for as long as it takes, in a thread of its own: see the analyser. */
export async function analyseArchive(request: ArchiveToAnalyse): Promise<ModuleAnalysis> {
  const files = await collectFiles(request.archivePath)
  const reading = new Reading(request, files.problems)
  const { licence } = files
  const root = await reading.readFolder(files.root)
  const submodules = await reading.readFolders(files.submodules)
  const examples = await reading.readFolders(files.examples)
  return {
    root,
    submodules,
    examples,
    ...(licence !== undefined && { licence: describeLicence(licence) }),
    problems: boundProblems(reading.problems),
  }
}

/** One pass over the files of an archive, the most important first. */
class Reading {
  readonly problems: AnalysisProblem[]
  readonly #request: ArchiveToAnalyse
  readonly #deadline: number
  #late = false
  #length = 0

  constructor(request: ArchiveToAnalyse, problems: CollectedFiles['problems']) {
    this.problems = [...problems]
    this.#request = request
    this.#deadline = performance.now() + request.parseBudgetMs
  }

  async readFolders(folders: readonly CollectedFolder[]): Promise<ModulePart[]> {
    const parts: ModulePart[] = []
    for (const folder of folders) parts.push(await this.readFolder(folder))
    return parts
  }

  async readFolder({ path, configuration, readme }: CollectedFolder): Promise<ModulePart> {
    const documents: ConfigurationDocument[] = []
    for (const file of configuration) documents.push(...(await this.#readFile(file)))
    const merged = mergeConfiguration(documents)
    this.problems.push(...merged.duplicates.map((block) => ({ path, message: `It has more than one ${block}, the first one counts` })))
    return this.#keep({
      ...readPart(path, merged),
      ...(readme !== undefined && { readme: { path: readme.path, markdown: readText(readme.content) } }),
    })
  }

  #keep(part: ModulePart): ModulePart {
    const length = this.#length + JSON.stringify(part).length
    if (length > MAX_ANALYSIS_LENGTH) {
      this.problems.push({ path: part.path, message: 'The folder is not shown, more is declared in the module than can be kept' })
      return emptyPart(part.path)
    }
    this.#length = length
    return part
  }

  async #readFile({ path, content }: ArchiveFile): Promise<ConfigurationDocument[]> {
    const refusal = this.#request.skip.get(path) ?? this.#refuseWhenLate()
    if (refusal !== undefined) {
      this.problems.push({ path, message: refusal })
      return []
    }
    this.#request.onFile(path)
    const parsed = await parseConfiguration(path, content)
    this.#request.onFile()
    if ('document' in parsed) return [{ document: parsed.document, override: isOverrideFile(path) }]
    this.problems.push(parsed.problem)
    return []
  }

  #refuseWhenLate(): string | undefined {
    this.#late ||= performance.now() >= this.#deadline
    return this.#late ? 'The file is not read, the whole module takes too long' : undefined
  }
}

function describeLicence({ path, content }: ArchiveFile): NonNullable<ModuleAnalysis['licence']> {
  const spdx = identifyLicence(readText(content))
  return { path, ...(spdx !== undefined && { spdx }) }
}

/**
 * UTF-8, or UTF-16 where its mark stands in front: PowerShell writes that by default. A character that was cut in two at the end is
 * left out; PostgreSQL cannot store NUL.
 */
function readText(content: Uint8Array): string {
  const isUtf16 = content[0] === 0xff && content[1] === 0xfe
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(content, { stream: true }).replaceAll('\0', '')
}

function boundProblems(problems: readonly AnalysisProblem[]): AnalysisProblem[] {
  if (problems.length <= MAX_PROBLEMS) return [...problems]
  const shown = problems.slice(0, MAX_PROBLEMS - 1)
  return [...shown, { path: '', message: `There are ${problems.length - shown.length} further problems` }]
}
