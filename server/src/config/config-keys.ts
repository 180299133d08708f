import type { FieldNotes } from './config-fields.ts'
import { ConfigSchema } from './config-schema.ts'

/** The part of a TypeBox schema that this folder reads. */
export interface FieldSchema extends Partial<FieldNotes> {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly items?: FieldSchema
  readonly properties?: Readonly<Record<string, FieldSchema>>
  readonly patternProperties?: Readonly<Record<string, FieldSchema>>
}

/** One setting that has a value of its own; lists and maps count as one. */
export interface ConfigKey {
  /** Dotted name as it stands in messages and in the reference, for example `storage.local.path`. */
  readonly key: string
  readonly path: readonly string[]
  readonly schema: FieldSchema
  /** Variables that set it, the one that wins first; the first is made from the key. */
  readonly variables: readonly string[]
}

/** Suffix of the variable that names a file with the secret. */
export const SECRET_FILE_SUFFIX = '_FILE'

/** Variables with our prefixes that are no settings. */
export const OTHER_VARIABLES: readonly string[] = ['TFR_CONFIG', 'TFM_CONFIG']

/** Schema of the values of a map setting (`upstream "HOST" { … }`); undefined for anything else. */
export function mapValueSchema(schema: FieldSchema): FieldSchema | undefined {
  return schema.patternProperties && Object.values(schema.patternProperties)[0]
}

/** True for settings that stand together, which a variable cannot set as a whole. */
export function isSection(schema: FieldSchema): boolean {
  return schema.properties !== undefined
}

/** Every setting, in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = listKeys(ConfigSchema as FieldSchema, [])

/** Dotted names of the sections, for suggestions. */
export const SECTION_KEYS: readonly string[] = [
  ...new Set(CONFIG_KEYS.flatMap(({ path }) => path.slice(0, -1).map((_, index) => path.slice(0, index + 1).join('.')))),
]

function listKeys(schema: FieldSchema, path: readonly string[]): ConfigKey[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const childPath = [...path, name]
    return isSection(child) ? listKeys(child, childPath) : [toConfigKey(child, childPath)]
  })
}

function toConfigKey(schema: FieldSchema, path: readonly string[]): ConfigKey {
  const prefixed = (schema.aliases ?? []).filter((alias) => alias.startsWith('TFR_'))
  const plain = (schema.aliases ?? []).filter((alias) => !alias.startsWith('TFR_'))
  const ours = [`TFR_${path.join('_').toUpperCase()}`, ...prefixed]
  return { key: path.join('.'), path, schema, variables: [...ours, ...ours.map((name) => name.replace('TFR_', 'TFM_')), ...plain] }
}
