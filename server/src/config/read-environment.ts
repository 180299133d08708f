import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type ConfigProblem, unknownKey } from './config-error.ts'
import { CONFIG_KEYS, type ConfigKey, type FieldSchema, OTHER_VARIABLES, SECRET_FILE_SUFFIX } from './config-keys.ts'

const BOOLEAN_WORDS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A value before it is checked, and the file or variable that it came from. */
export interface SourcedValue {
  readonly value: unknown
  readonly source: string
}

/** What one place (file or environment) says, by dotted key. */
export interface SettingsReading {
  readonly values: Map<string, SourcedValue>
  readonly problems: ConfigProblem[]
  readonly warnings: string[]
}

/**
 * Settings from variables: `TFR_` and `TFM_` prefixes, the documented names without prefix, and for secrets `<VARIABLE>_FILE`.
 * An empty variable counts as not set, because compose files and unit templates pass such ones along.
 */
export async function readEnvironment(env: Environment, cwd: string): Promise<SettingsReading> {
  const reading: SettingsReading = { values: new Map(), problems: findUnknownVariables(env), warnings: [] }
  for (const entry of CONFIG_KEYS) await readKey(entry, { env, cwd, reading })
  return reading
}

interface KeyContext {
  readonly env: Environment
  readonly cwd: string
  readonly reading: SettingsReading
}

async function readKey(entry: ConfigKey, { env, cwd, reading }: KeyContext): Promise<void> {
  const isSet = (name: string) => (env[name] ?? '') !== '' && !isServiceLink(name, env)
  const set = entry.variables.flatMap((name) => namesOf(entry, name).filter(isSet))
  const [winner, ...others] = set
  if (winner === undefined) return
  for (const ignored of others) {
    if (ignored === `${winner}${SECRET_FILE_SUFFIX}`) {
      reading.problems.push({ key: entry.key, problem: `set by both ${winner} and ${ignored}; keep one` })
    } else {
      reading.warnings.push(`${ignored} is ignored, because ${winner} is set`)
    }
  }
  const raw = env[winner] ?? ''
  if (!isFileVariable(entry, winner)) {
    reading.values.set(entry.key, { value: parseVariable(entry.schema, raw), source: winner })
    return
  }
  try {
    const secret = await readFile(resolve(cwd, raw), 'utf8')
    reading.values.set(entry.key, { value: secret.replace(/\r?\n$/, ''), source: winner })
  } catch (error) {
    reading.problems.push({
      key: entry.key,
      problem: `cannot read the file "${raw}": ${(error as NodeJS.ErrnoException).code}`,
      source: winner,
    })
  }
}

function namesOf(entry: ConfigKey, variable: string): string[] {
  return entry.schema.secret ? [variable, `${variable}${SECRET_FILE_SUFFIX}`] : [variable]
}

function isFileVariable(entry: ConfigKey, variable: string): boolean {
  return !entry.variables.includes(variable)
}

/** Text of a variable as the type of its setting; text that does not fit is kept as it is, for the schema check to report. */
function parseVariable(schema: FieldSchema, raw: string): unknown {
  switch (schema.type) {
    case 'integer':
      return /^-?\d+$/.test(raw.trim()) ? Number(raw) : raw
    case 'boolean':
      return BOOLEAN_WORDS.get(raw.trim().toLowerCase()) ?? raw
    case 'array':
      return schema.items?.type === 'string' && !raw.trim().startsWith('[') ? splitList(raw) : parseJson(raw)
    case 'object':
      return parseJson(raw)
    default:
      return raw
  }
}

function splitList(raw: string): string[] {
  return raw
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch (error) {
    if (error instanceof SyntaxError) return raw
    throw error
  }
}

function findUnknownVariables(env: Environment): ConfigProblem[] {
  const known = [...CONFIG_KEYS.flatMap((entry) => entry.variables.flatMap((name) => namesOf(entry, name))), ...OTHER_VARIABLES]
  return Object.keys(env)
    .filter((name) => /^TF[RM]_/.test(name) && env[name] !== '' && !known.includes(name) && !isServiceLink(name, env))
    .map((name) => unknownKey(name, known))
}

/**
 * Kubernetes gives every container `<SERVICE>_SERVICE_HOST`, `<SERVICE>_PORT=tcp://…` and more for each Service of the
 * namespace. A Service called `tfr-server` would otherwise set, or be refused as, a setting.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isServiceLink(name: string, env: Environment): boolean {
  const service = /^(.+?)_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_\w+)?)$/.exec(name)?.[1]
  if (service === undefined || env[`${service}_SERVICE_HOST`] === undefined) return false
  return name !== `${service}_PORT` || /^(?:tcp|udp|sctp):\/\//.test(env[name] ?? '')
}
