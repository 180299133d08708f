import { type Body, isBody } from './parse-configuration.ts'

/** A block with its labels. */
export interface Block {
  readonly labels: readonly string[]
  readonly body: Body
}

/** The blocks of all files of one folder. */
export interface FolderConfiguration {
  /** By type, then by labels joined with dots; one each, as Terraform wants it. */
  readonly named: Readonly<Record<NamedType, ReadonlyMap<string, Block>>>
  /** `provider` blocks: one name may stand more than once, with aliases. */
  readonly providers: readonly Block[]
  /** `terraform` blocks, those of override files last. */
  readonly settings: readonly { readonly body: Body; readonly override: boolean }[]
  readonly moved: readonly Body[]
  /** Blocks that are declared twice, such as `variable "x"`. */
  readonly duplicates: readonly string[]
}

export interface ConfigurationDocument {
  readonly document: Body
  /** From a file `override.tf` or `…_override.tf`, whose blocks change those of the others. */
  readonly override: boolean
}

const OVERRIDE = /(?:^|\/|_)override\.(?:tf|tofu)(?:\.json)?$/

/** Whether the blocks of a file change those of the others of its folder. */
export function isOverrideFile(path: string): boolean {
  return OVERRIDE.test(path)
}

const LABELS = { variable: 1, output: 1, module: 1, resource: 2, data: 2, ephemeral: 2 } as const
export type NamedType = keyof typeof LABELS
const NAMED_TYPES = Object.keys(LABELS) as NamedType[]

/**
 * Puts the files of a folder together as Terraform does: what override files say takes the place of what the others say,
 * argument by argument. Of a block that is declared twice, the first counts.
 * Source: https://developer.hashicorp.com/terraform/language/files/override
 */
export function mergeConfiguration(documents: readonly ConfigurationDocument[]): FolderConfiguration {
  const ordered = documents.toSorted((a, b) => Number(a.override) - Number(b.override))
  const duplicates = new Set<string>()
  const all = (type: string, labels: number) => ordered.flatMap(({ document }) => blocksOf(document[type], labels))
  const named = Object.fromEntries(NAMED_TYPES.map((type) => [type, mergeNamed(type, ordered, duplicates)]))
  return {
    named: named as Record<NamedType, Map<string, Block>>,
    providers: all('provider', 1),
    settings: ordered.flatMap(({ document, override }) => blocksOf(document.terraform, 0).map(({ body }) => ({ body, override }))),
    moved: all('moved', 0).map(({ body }) => body),
    duplicates: [...duplicates],
  }
}

/**
 * Blocks below a node. The parser gives labels as keys and blocks as lists; in JSON syntax a lone block may stand without the list,
 * lists may stand at any level, and the key `//` is a comment.
 */
export function blocksOf(node: unknown, labels: number): Block[] {
  if (Array.isArray(node)) return node.flatMap((item) => blocksOf(item, labels))
  if (!isBody(node)) return []
  if (labels === 0) return [{ labels: [], body: node }]
  return Object.entries(node)
    .filter(([label]) => label !== '//')
    .flatMap(([label, child]) => blocksOf(child, labels - 1).map((block) => ({ ...block, labels: [label, ...block.labels] })))
}

function mergeNamed(type: NamedType, documents: readonly ConfigurationDocument[], duplicates: Set<string>): Map<string, Block> {
  const blocks = new Map<string, Block>()
  for (const { document, override } of documents) {
    for (const block of namedBlocks(document, type)) {
      const key = block.labels.join('.')
      const base = blocks.get(key)
      if (base === undefined) blocks.set(key, block)
      else if (override) blocks.set(key, { ...block, body: { ...base.body, ...block.body } })
      else duplicates.add(`${type} ${block.labels.map((label) => `"${label}"`).join(' ')}`)
    }
  }
  return blocks
}

/** A check block may hold a data source of its own. */
function namedBlocks(document: Body, type: NamedType): Block[] {
  const nested = type === 'data' ? blocksOf(document.check, 1).flatMap(({ body }) => blocksOf(body.data, 2)) : []
  return [...blocksOf(document[type], LABELS[type]), ...nested]
}
