import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONFIG_KEYS, type ConfigKey, type FieldSchema, mapValueSchema, SECRET_FILE_SUFFIX } from '../server/src/config/config-keys.ts'
import { ConfigSchema } from '../server/src/config/config-schema.ts'
import { ROOT } from './source-files.ts'

/** One line of a table. */
interface ReferenceRow {
  readonly key: string
  /** Variables that set it, the one that wins first; empty for what only a file can set. */
  readonly variables: readonly string[]
  readonly schema: FieldSchema
}

const INTRODUCTION = `# Configuration

<!-- Made from server/src/config/config-schema.ts. Do not edit; run \`npm run generate\`. -->

Terrace starts without any configuration. Settings come from a file and from variables; a variable wins over the file, the file
over the default. What is effective, and where it comes from:

\`\`\`sh
npx terrace config print --config terrace.hcl
\`\`\`

\`config check\` tells every problem at once. A setting that does not exist is a problem, in a file as well as in a variable.

## Files

The file is named by \`--config FILE\` or by \`TFR_CONFIG\`. Its name ends in \`.hcl\`, \`.yaml\`, \`.yml\` or \`.json\`. Dots in the names
below are sections:

\`\`\`hcl
server {
  public_url = "https://registry.example.com"
}

upstream "registry.terraform.io" {
  url = "https://proxy.example.com"
}
\`\`\`

\`\`\`yaml
server:
  public_url: https://registry.example.com
upstream:
  registry.terraform.io:
    url: https://proxy.example.com
\`\`\`

Relative paths are resolved against the working directory. Host names may be given in Unicode.

## Variables

- Each variable can also be written with \`TFM_\` instead of \`TFR_\`. When both are set, \`TFR_\` wins and a warning says so.
- An empty variable is not set.
- Lists are separated by commas. Lists of blocks and \`upstream\` take JSON.
- A secret can be read from a file: append \`${SECRET_FILE_SUFFIX}\` to its variable and name the file. The last line end is dropped.
`

/** The whole text of the reference page, from the schema. */
export function formatReference(): string {
  const groups = Map.groupBy(CONFIG_KEYS, ({ path }) => path.slice(0, -1).join('.'))
  const general = groups.get('') ?? []
  const plain = general.filter(({ schema }) => mapValueSchema(schema) === undefined)
  const maps = general.filter(({ schema }) => mapValueSchema(schema) !== undefined)
  const sections = [...groups].filter(([name]) => name !== '').map(([name, keys]) => formatSection(name, keys))
  return [INTRODUCTION, formatTable('General', '', plain.map(toRow)), ...sections, ...maps.map(formatMap)].join('\n')
}

function formatSection(name: string, keys: readonly ConfigKey[]): string {
  return [formatTable(`\`${name}\``, describeSection(name), keys.map(toRow)), ...keys.flatMap(formatEntries)].join('\n')
}

/** Tables of the blocks in a list, and of the lists in those. */
function formatEntries({ key, schema }: { readonly key: string; readonly schema: FieldSchema }): string[] {
  const { items } = schema
  if (items?.properties === undefined) return []
  const rows = innerRows(items, `${key}[]`)
  return [formatTable(`\`${key}\` entries`, items.description ?? '', rows), ...rows.flatMap(formatEntries)]
}

function formatMap(entry: ConfigKey): string {
  const { key, schema } = entry
  return formatTable(`\`${key}\``, '', [toRow(entry), ...innerRows(mapValueSchema(schema), `${key}."HOST"`)])
}

function describeSection(name: string): string {
  const schema = name.split('.').reduce<FieldSchema | undefined>((node, part) => node?.properties?.[part], ConfigSchema as FieldSchema)
  return schema?.description ?? ''
}

function toRow({ key, variables, schema }: ConfigKey): ReferenceRow {
  return { key, variables: variables.filter((name) => !name.startsWith('TFM_')), schema }
}

function innerRows(schema: FieldSchema | undefined, prefix: string): ReferenceRow[] {
  return Object.entries(schema?.properties ?? {}).map(([name, field]) => ({ key: `${prefix}.${name}`, variables: [], schema: field }))
}

function formatTable(title: string, description: string, rows: readonly ReferenceRow[]): string {
  const lines = [
    '| Setting | Variable | Type | Default | Unit | Description |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${cellsOf(row).join(' | ')} |`),
  ]
  return [`## ${title}`, ...(description === '' ? [] : ['', description]), '', ...lines, ''].join('\n')
}

function cellsOf({ key, variables, schema }: ReferenceRow): string[] {
  const variable = variables.map(code).join(', ')
  const cells = [code(key), variable, describeType(schema), describeDefault(schema), schema.unit ?? '', schema.description ?? '']
  return cells.map((cell) => cell.replaceAll('|', '\\|'))
}

function describeType(schema: FieldSchema): string {
  if (schema.enum !== undefined) {
    return schema.enum
      .filter((word) => word !== '')
      .map(code)
      .join(', ')
  }
  switch (schema.type) {
    case 'integer':
      return `whole number, ${schema.minimum} to ${schema.maximum}`
    case 'boolean':
      return '`true`, `false`'
    case 'array':
      return schema.items?.properties === undefined ? 'list of texts' : 'list of blocks'
    case 'object':
      return 'blocks by host name'
    default:
      return describeText(schema)
  }
}

function describeText(schema: FieldSchema): string {
  if (schema.secret) return 'text, secret'
  return schema.filePath ? 'path' : 'text'
}

function describeDefault({ default: value, defaultNote }: FieldSchema): string {
  if (defaultNote !== undefined) return defaultNote
  const empty = value === undefined || value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0)
  return empty ? '' : code(String(value))
}

function code(text: string): string {
  return `\`${text}\``
}

if (import.meta.main) {
  const file = join(ROOT, 'docs/reference/configuration.md')
  const text = formatReference()
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (existsSync(file) && readFileSync(file, 'utf8') === text) console.log('Checked docs/reference/configuration.md')
  else {
    console.error('docs/reference/configuration.md does not match the schema: run "npm run generate"')
    process.exitCode = 1
  }
}
