import { ERROR_CODES } from '../server/src/base/errors.ts'
import { CONFIG_KEYS } from '../server/src/config/config-keys.ts'
import { isTestFile } from './import-rules.ts'
import { type Problem, readSourceFiles, reportProblems, type SourceFile } from './source-files.ts'

/*
 * Nothing is half wired: every setting has a reader, every table a writer and a reader, every error code a thrower, and every
 * route of the API a test that names it. The checks read the sources as text; they find what nobody mentions at all.
 */

const SCHEMA = 'server/src/base/database/schema.ts'
const CONFIG_FOLDER = 'server/src/config/'
const ERRORS = 'server/src/base/errors.ts'

const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())

/** Settings that no code outside the configuration mentions. */
export function unreadSettings(keys: readonly { readonly key: string; readonly path: readonly string[] }[], sources: string): Problem[] {
  return keys
    .filter(({ path }) => !new RegExp(`\\b${camelCase(path.at(-1) ?? '')}\\b`).test(sources))
    .map(({ key }) => ({ path: `${CONFIG_FOLDER}config-schema.ts`, line: 1, message: `setting "${key}" has no reader` }))
}

/** Names of the tables in the schema's interface. */
export function tableNames(schema: string): string[] {
  const body = /interface Schema \{([\s\S]*?)\n\}/.exec(schema)?.[1] ?? ''
  return [...body.matchAll(/^\s*(\w+):/gm)].map((match) => match[1] ?? '')
}

const WRITES = ['insertInto', 'updateTable', 'deleteFrom']
const READS = ['selectFrom', 'innerJoin', 'leftJoin', 'updateTable']

/** Tables that nobody writes or nobody reads. */
export function unusedTables(tables: readonly string[], sources: string): Problem[] {
  const mentioned = (table: string, calls: readonly string[]) => new RegExp(`(?:${calls.join('|')})\\('${table}\\b`).test(sources)
  return tables.flatMap((table) => [
    ...(mentioned(table, WRITES) ? [] : [{ path: SCHEMA, line: 1, message: `table "${table}" is written by nobody` }]),
    ...(mentioned(table, READS) ? [] : [{ path: SCHEMA, line: 1, message: `table "${table}" is read by nobody` }]),
  ])
}

/** Error codes that nothing throws. */
export function unusedErrorCodes(codes: readonly string[], sources: string): Problem[] {
  return codes
    .filter((code) => !sources.includes(`'${code}'`))
    .map((code) => ({ path: ERRORS, line: 1, message: `error code "${code}" is used nowhere` }))
}

/** Matches how a test may write a path of the OpenAPI document: parameters as text or as a template. */
function pathPattern(path: string): RegExp {
  const escaped = path.replace(/[.*+?^$()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`${escaped.replace(/\{\w+\}/g, String.raw`(?:\$\{[^}]+\}|[^/'"\`\s]+)`)}(?=['"\`?\\s])`)
}

/** Routes that no test names. */
export function untestedRoutes(paths: readonly string[], tests: string): Problem[] {
  return paths
    .filter((path) => !pathPattern(path).test(tests))
    .map((path) => ({ path: 'docs/reference/openapi.json', line: 1, message: `route "${path}" is named by no test` }))
}

function joined(files: readonly SourceFile[]): string {
  return files.map(({ text }) => text).join('\n')
}

if (import.meta.main) {
  const files = readSourceFiles(/\.ts$|openapi\.json$/)
  const server = files.filter(({ path }) => path.startsWith('server/src/') && !path.startsWith('server/src/testing/') && !isTestFile(path))
  // The matrix names every route there is, and says nothing about what it does.
  const tests = joined(files.filter(({ path }) => isTestFile(path) && !path.startsWith('server/src/authorisation-matrix/')))
  const schema = files.find(({ path }) => path === SCHEMA)?.text ?? ''
  const openApi = files.find(({ path }) => path.endsWith('openapi.json'))?.text ?? '{"paths":{}}'
  const outsideConfig = joined(server.filter(({ path }) => !path.startsWith(CONFIG_FOLDER)))
  const outsideErrors = joined(server.filter(({ path }) => path !== ERRORS))
  const problems = [
    ...unreadSettings(CONFIG_KEYS, outsideConfig),
    ...unusedTables(tableNames(schema), outsideConfig),
    ...unusedErrorCodes(Object.keys(ERROR_CODES), outsideErrors),
    ...untestedRoutes(Object.keys((JSON.parse(openApi) as { paths: object }).paths), tests),
  ]
  reportProblems(problems, `the wiring of ${CONFIG_KEYS.length} settings`)
}
