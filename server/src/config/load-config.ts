import { access, constants } from 'node:fs/promises'
import { resolve } from 'node:path'
import { assembleConfig } from './assemble-config.ts'
import { checkValue } from './check-value.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { checkRules } from './config-rules.ts'
import type { Config } from './config-schema.ts'
import { readConfigFile } from './read-config-file.ts'
import { type Environment, readEnvironment, type SettingsReading, type SourcedValue } from './read-environment.ts'
import type { RuleFinding } from './rule-finding.ts'
import { readClientSecrets } from './sign-on/read-client-secrets.ts'

export interface LoadConfigInput {
  /** Default: the variables of this process. */
  readonly env?: Environment
  /** Configuration file, relative to `cwd`. Default: the one named by `TFR_CONFIG` or `TFM_CONFIG`; without one, none. */
  readonly file?: string | undefined
  /** Folder against which relative paths are resolved. Default: the working directory of this process. */
  readonly cwd?: string
}

export interface LoadedConfig {
  readonly config: Config
  /** What does not stop the server but should be logged, without full stop. */
  readonly warnings: readonly string[]
  /** File or variable of each setting that has not its default, by dotted key. */
  readonly sources: ReadonlyMap<string, string>
  /** Absolute path of the configuration file that was read. */
  readonly file: string | undefined
}

/**
 * The settings of this process: variables win over the file, the file over the defaults. This is the only reader of
 * `process.env` in the server.
 * @throws {ConfigError} naming every problem at once
 */
export async function loadConfig(input: LoadConfigInput = {}): Promise<LoadedConfig> {
  const { env = process.env, cwd = process.cwd() } = input
  const file = resolveFile(input, env, cwd)
  const readings = [await readFileSettings(file), await readEnvironment(env, cwd)]
  const settings = new Map(readings.flatMap(({ values }) => [...values]))
  const problems = readings.flatMap((reading) => reading.problems)
  problems.push(...dropUnfit(settings))
  problems.push(...(await readClientSecrets(settings, cwd)))

  const values = new Map([...settings].map(([key, { value }]) => [key, value]))
  boundIdleConnections(values)
  const config = assembleConfig(values, cwd)
  const findings = [...checkRules(config), ...checkDevelopment(config, env), ...(await checkFiles(config))]
  problems.push(...toProblems(findings, settings, problems))
  if (problems.length > 0) throw new ConfigError(problems)
  const warnings = [...readings.flatMap((reading) => reading.warnings), ...findings.map(({ keys, problem }) => `${keys[0]} ${problem}`)]
  return { config, warnings, sources: new Map([...settings].map(([key, { source }]) => [key, source])), file }
}

function resolveFile(input: LoadConfigInput, env: Environment, cwd: string): string | undefined {
  const file = input.file || env.TFR_CONFIG || env.TFM_CONFIG
  return file ? resolve(cwd, file) : undefined
}

/** A file that cannot be read must not hide what is wrong with the variables. */
async function readFileSettings(file: string | undefined): Promise<SettingsReading> {
  if (file === undefined) return { values: new Map(), problems: [], warnings: [] }
  try {
    return await readConfigFile(file)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { values: new Map(), problems: [...error.problems], warnings: [] }
  }
}

/** Takes out the values that do not fit their schema, so that the rules see the default instead, and tells why. */
function dropUnfit(settings: Map<string, SourcedValue>): ConfigProblem[] {
  return CONFIG_KEYS.flatMap((entry) => {
    const setting = settings.get(entry.key)
    const problems = setting === undefined ? [] : checkValue(entry, setting)
    if (problems.length > 0) settings.delete(entry.key)
    return problems
  })
}

/** Who lowers only the maximum shall not have to know the default of the minimum. */
function boundIdleConnections(values: Map<string, unknown>): void {
  const most = values.get('database.max_connections')
  if (typeof most === 'number' && most < 5 && !values.has('database.min_idle_connections'))
    values.set('database.min_idle_connections', most)
}

/** A rule says nothing new about a setting whose value is refused already. */
function toProblems(
  findings: readonly RuleFinding[],
  settings: ReadonlyMap<string, SourcedValue>,
  earlier: readonly ConfigProblem[],
): ConfigProblem[] {
  const refused = new Set(earlier.map(({ key }) => CONFIG_KEYS.find((entry) => /^$|^[.[]/.test(remainder(key, entry.key)))?.key))
  return findings
    .filter(({ keys, warning }) => !warning && !keys.some((key) => refused.has(key)))
    .map(({ keys: [key], problem }) => {
      const source = settings.get(key)?.source
      return { key, problem, ...(source === undefined ? {} : { source }) }
    })
}

/** What follows a name in a longer one, such as `[0].file`; the whole text when it does not begin with the name. */
function remainder(key: string, name: string): string {
  return key.startsWith(name) ? key.slice(name.length) : key
}

/** reliability.md row 47: an open door must not get into production by a variable that was left over. */
function checkDevelopment({ devMode }: Config, env: Environment): RuleFinding[] {
  if (!devMode) return []
  if (env.NODE_ENV === 'production')
    return [{ keys: ['dev_mode'], problem: 'lets anybody in; it must be off when NODE_ENV is "production"' }]
  return [{ keys: ['dev_mode'], problem: 'lets anybody sign in as anybody, without a password', warning: true }]
}

async function checkFiles({ server, auth, upstream, providers }: Config): Promise<RuleFinding[]> {
  const files: (readonly [key: string, path: string | undefined])[] = [
    ['server.tls_cert_path', server.tlsEnabled ? server.tlsCertPath : undefined],
    ['server.tls_key_path', server.tlsEnabled ? server.tlsKeyPath : undefined],
    ...Object.values(upstream).map(({ caFile }) => ['upstream', caFile] as const),
    ...auth.oidc.map(({ caFile }) => ['auth.oidc', caFile] as const),
    ...Object.values(auth.ciIssuer).map(({ caFile }) => ['auth.ci_issuer', caFile] as const),
    ...providers.trustedKeys.map(({ file }) => ['providers.trusted_keys', file] as const),
  ]
  const findings = await Promise.all(
    files.map(async ([key, path]): Promise<RuleFinding[]> => {
      if (path === undefined || path === '') return []
      const failure = await access(path, constants.R_OK).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code,
      )
      return failure === undefined ? [] : [{ keys: [key], problem: `the file "${path}" cannot be read: ${failure}` }]
    }),
  )
  return findings.flat()
}
