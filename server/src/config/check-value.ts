import { Errors } from 'typebox/value'
import { type ConfigProblem, unknownKey } from './config-error.ts'
import type { ConfigKey, FieldSchema } from './config-keys.ts'
import type { SourcedValue } from './read-environment.ts'

type SchemaError = ReturnType<typeof Errors>[number]

const TYPE_TEXTS: Readonly<Record<string, string>> = {
  integer: 'must be a whole number',
  boolean: 'must be true or false',
  string: 'must be text',
  array: 'must be a list',
  object: 'must hold settings by name',
}

/** What the schema of one setting has against a value; empty when it fits. Secrets are not quoted. */
export function checkValue(entry: ConfigKey, { value, source }: SourcedValue): ConfigProblem[] {
  return Errors(entry.schema as Parameters<typeof Errors>[0], value).flatMap((error) => toProblems(entry, { error, value, source }))
}

function toProblems(entry: ConfigKey, { error, value, source }: { error: SchemaError; value: unknown; source: string }): ConfigProblem[] {
  const segments = pointerSegments(error.instancePath)
  const key = `${entry.key}${segments.map(formatSegment).join('')}`
  // A forbidden key is told twice: by its object and by the `false` schema of the key itself.
  if (error.keyword === 'boolean') return []
  if (error.keyword === 'additionalProperties') {
    const known = Object.keys(itemSchema(entry.schema)?.properties ?? {})
    return error.params.additionalProperties.map((name) => ({ ...unknownKey(name, known, source), key: `${key}.${name}` }))
  }
  const found = segments.reduce<unknown>((node, segment) => (node as Record<string, unknown>)[segment], value)
  return [{ key, problem: `${describe(entry.schema, error)}${quote(schemaAt(entry.schema, segments), found)}`, source }]
}

function describe(schema: FieldSchema, error: SchemaError): string {
  switch (error.keyword) {
    case 'type':
      return TYPE_TEXTS[String(error.params.type)] ?? error.message
    case 'minimum':
    case 'maximum':
      return `must be between ${schema.minimum} and ${schema.maximum}`
    case 'enum':
      return `must be one of ${(schema.enum ?? []).map((word) => JSON.stringify(word)).join(', ')}`
    case 'required':
      return `needs ${error.params.requiredProperties.map((name) => JSON.stringify(name)).join(', ')}`
    case 'minLength':
      return 'must be text of at least one character'
    default:
      return error.message
  }
}

function quote(schema: FieldSchema, found: unknown): string {
  const quotable = typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
  return schema.secret || !quotable ? '' : `, not ${JSON.stringify(found)}`
}

/** Schema of what stands at a place inside the value: a secret may stand deep in a list. */
function schemaAt(schema: FieldSchema, segments: readonly string[]): FieldSchema {
  return segments.reduce<FieldSchema>((node, segment) => node.properties?.[segment] ?? itemSchema(node) ?? {}, schema)
}

function itemSchema(schema: FieldSchema): FieldSchema | undefined {
  return schema.items ?? Object.values(schema.patternProperties ?? {})[0]
}

function pointerSegments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function formatSegment(segment: string): string {
  if (/^\d+$/.test(segment)) return `[${segment}]`
  return /^\w+$/.test(segment) ? `.${segment}` : `.${JSON.stringify(segment)}`
}
