import { expressionText, isTrue, literalText, literalValue } from './expression-text.ts'
import { type Block, blocksOf, type FolderConfiguration } from './merge-configuration.ts'
import { emptyPart, type ModuleCall, type ModuleInput, type ModuleOutput, type ModulePart, type ModuleResource } from './module-analysis.ts'
import type { Body } from './parse-configuration.ts'
import { readProviders, readRequiredVersion } from './read-providers.ts'

/** What the configuration of one folder declares. `path` as in {@link ModulePart}; its README is not looked for here. */
export function readPart(path: string, configuration: FolderConfiguration): ModulePart {
  const { named, providers, settings, moved } = configuration
  const requiredVersion = readRequiredVersion(configuration)
  const counts = [...Object.values(named).map(({ size }) => size), providers.length, settings.length, moved.length]
  return {
    ...emptyPart(path),
    inputs: byName(mapBlocks(named.variable, readInput)),
    outputs: byName(mapBlocks(named.output, readOutput)),
    resources: readResources(named.resource),
    data_sources: readResources(named.data),
    required_providers: byName(readProviders(configuration)),
    ...(requiredVersion !== undefined && { required_version: requiredVersion }),
    module_calls: byName(mapBlocks(named.module, readCall)),
    moved: moved.map(({ from, to }) => ({ from: expressionText(from), to: expressionText(to) })),
    empty: counts.every((count) => count === 0),
  }
}

function mapBlocks<Item>(blocks: ReadonlyMap<string, Block>, read: (name: string, body: Body) => Item): Item[] {
  return [...blocks.values()].map(({ labels, body }) => read(labels[0] ?? '', body))
}

function readInput(name: string, body: Body): ModuleInput {
  const required = !Object.hasOwn(body, 'default')
  return {
    name,
    type: expressionText(body.type) || 'any',
    description: literalText(body.description).trim(),
    default: required ? null : JSON.stringify(literalValue(body.default)),
    required,
    sensitive: isTrue(body.sensitive),
    nullable: body.nullable === undefined || isTrue(body.nullable),
    ephemeral: isTrue(body.ephemeral),
    validation: blocksOf(body.validation, 0).map(({ body: { condition, error_message: message } }) => ({
      condition: expressionText(condition),
      error_message: literalText(message).trim(),
    })),
  }
}

function readOutput(name: string, { description, sensitive, ephemeral }: Body): ModuleOutput {
  return { name, description: literalText(description).trim(), sensitive: isTrue(sensitive), ephemeral: isTrue(ephemeral) }
}

function readCall(name: string, { source, version }: Body): ModuleCall {
  const text = literalText(version)
  return { name, source: literalText(source), ...(text !== '' && { version: text }) }
}

function readResources(blocks: ReadonlyMap<string, Block>): ModuleResource[] {
  const resources = [...blocks.values()].map(({ labels: [type = '', name = ''] }) => ({ type, name }))
  return resources.sort((a, b) => compare(a.type, b.type) || compare(a.name, b.name))
}

function byName<Item extends { readonly name: string }>(items: Item[]): Item[] {
  return items.sort((a, b) => compare(a.name, b.name))
}

/** By code units, so that the order is the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
