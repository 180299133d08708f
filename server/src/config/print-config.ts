import { camelCase } from './assemble-config.ts'
import { CONFIG_KEYS, type ConfigKey, type FieldSchema, mapValueSchema } from './config-keys.ts'
import type { Config } from './config-schema.ts'

/** Stands for a secret that is set. An unset one is shown as empty text. */
export const MASK = '********'

/**
 * The effective settings as a YAML document with the names of the configuration file, secrets masked.
 * @param sources file or variable by dotted key; shown as a comment behind the value
 */
export function printConfig(config: Config, sources: ReadonlyMap<string, string> = new Map()): string {
  const lines: string[] = []
  let section: readonly string[] = []
  for (const entry of CONFIG_KEYS) {
    const parents = entry.path.slice(0, -1)
    parents.forEach((name, depth) => {
      const open = parents.slice(0, depth + 1).every((part, index) => section[index] === part)
      if (!open) lines.push(`${'  '.repeat(depth)}${name}:`)
    })
    section = parents
    const source = sources.get(entry.key)
    const comment = source === undefined ? '' : ` # from ${source}`
    lines.push(`${'  '.repeat(parents.length)}${entry.path.at(-1)}: ${JSON.stringify(shownValue(config, entry))}${comment}`)
  }
  return `${lines.join('\n')}\n`
}

/** The effective settings as one object by dotted key, secrets masked. */
export function maskedSettings(config: Config): Record<string, unknown> {
  return Object.fromEntries(CONFIG_KEYS.map((entry) => [entry.key, shownValue(config, entry)]))
}

function shownValue(config: Config, { path, schema }: ConfigKey): unknown {
  const value = path.reduce<unknown>((node, name) => (node as Record<string, unknown>)[camelCase(name)], config)
  return toDocument(schema, value)
}

/** The value with the names of the file; secrets inside lists are masked too. */
function toDocument(schema: FieldSchema, value: unknown): unknown {
  if (schema.secret) return value === '' ? '' : MASK
  if (Array.isArray(value)) return value.map((item) => toDocument(schema.items ?? {}, item))
  if (typeof value !== 'object' || value === null) return value
  const fields = value as Readonly<Record<string, unknown>>
  const { properties } = schema
  if (properties === undefined) {
    return Object.fromEntries(Object.entries(fields).map(([label, child]) => [label, toDocument(mapValueSchema(schema) ?? {}, child)]))
  }
  const names = Object.keys(properties).filter((name) => fields[camelCase(name)] !== undefined)
  return Object.fromEntries(names.map((name) => [name, toDocument(properties[name] ?? {}, fields[camelCase(name)])]))
}
