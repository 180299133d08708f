import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { explainForbiddenImport, explainForbiddenPackage, FEATURE_EDGES, isTestFile } from './import-rules.ts'
import { listModuleImports } from './module-imports.ts'
import { type Problem, ROOT, readSourceFiles, reportProblems, type SourceFile } from './source-files.ts'

/** What a workspace declares that it needs. */
export interface WorkspaceManifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** Manifests by folder; the root's is under the empty string. */
export type Manifests = ReadonlyMap<string, WorkspaceManifest>

/** `undici` for `undici/types`, `@scope/name` for `@scope/name/file.ts`, the whole for a part of Node. */
const packageNameOf = (specifier: string): string =>
  specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')

/** Path of the file that a specifier means inside this repository, or `undefined` for a package. */
function resolveOwnFile(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier)
  const own = /^@terrace\/(?<workspace>[^/]+)\/(?<file>.+)$/.exec(specifier)?.groups
  return own === undefined ? undefined : `${own.workspace}/src/${own.file}`
}

function explainUndeclared(from: string, name: string, manifests: Manifests): string | undefined {
  if (name.startsWith('node:')) return undefined
  const workspace = manifests.get(from.split('/')[0] ?? '')
  const root = manifests.get('')
  const declared = [workspace?.dependencies]
  if (workspace === undefined || isTestFile(from)) declared.push(workspace?.devDependencies, root?.devDependencies)
  return declared.some((names) => names?.[name] !== undefined) ? undefined : `"${name}" is not declared by this file's package.json`
}

/** Every import that breaks a rule, and every circle of files. */
export function checkImports(files: readonly SourceFile[], manifests: Manifests): Problem[] {
  const problems = files.flatMap((file) => checkFile(file, manifests))
  const graph = new Map(
    files.map(({ path, text }) => [path, listModuleImports(text).flatMap(({ specifier }) => resolveOwnFile(path, specifier) ?? [])]),
  )
  return [
    ...problems,
    ...findCircles(graph).map((circle) => ({ path: circle[0] ?? '', line: 1, message: `circle: ${circle.join(' → ')}` })),
  ]
}

function checkFile({ path, text }: SourceFile, manifests: Manifests): Problem[] {
  return listModuleImports(text).flatMap(({ specifier, line }) =>
    explainImport(path, specifier, manifests).map((message) => ({ path, line, message })),
  )
}

function explainImport(from: string, specifier: string, manifests: Manifests): string[] {
  const target = resolveOwnFile(from, specifier)
  const name = packageNameOf(specifier)
  const reasons = [
    target === undefined ? explainForbiddenPackage(from, name) : explainForbiddenImport(from, target),
    specifier.startsWith('.') ? undefined : explainUndeclared(from, name, manifests),
  ]
  return reasons.filter((reason) => reason !== undefined)
}

/** Circles of a graph, each once, as the nodes on the way round with the first repeated at the end. */
export function findCircles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = []
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (node: string): void => {
    if (trail.includes(node)) circles.push([...trail.slice(trail.indexOf(node)), node])
    if (done.has(node) || trail.includes(node)) return
    trail.push(node)
    for (const next of graph.get(node) ?? []) visit(next)
    trail.pop()
    done.add(node)
  }
  for (const node of graph.keys()) visit(node)
  return circles
}

function readManifests(): Manifests {
  const read = (folder: string): WorkspaceManifest => JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
  const root = read('') as WorkspaceManifest & { workspaces: string[] }
  return new Map([['', root], ...root.workspaces.map((folder): [string, WorkspaceManifest] => [folder, read(folder)])])
}

if (import.meta.main) {
  // The tests of this check hold imports as text.
  const files = readSourceFiles(/\.(?:ts|tsx|mjs)$/).filter(({ path }) => path !== 'tools/check-imports.test.ts')
  const featureCircles = findCircles(new Map(Object.entries(FEATURE_EDGES)))
  const problems = [
    ...checkImports(files, readManifests()),
    ...featureCircles.map((circle) => ({ path: 'tools/import-rules.ts', line: 1, message: `features in a circle: ${circle.join(' → ')}` })),
  ]
  reportProblems(problems, `the imports of ${files.length} files`)
}
