import type { ModuleCall, ModulePart } from '../module-analysis.ts'
import { changeOf, diffSection } from './diff-section.ts'
import type { DiffSection, ModuleChange } from './module-diff.ts'

/** Differences of resources and data sources. What is moved is a change, because the real thing stays. */
export function diffResources(from: ModulePart, to: ModulePart): DiffSection {
  const section = diffSection(addressesOf(from), addressesOf(to), {
    removed: (isData) => (isData ? { breaking: false, why: 'it is not read any more' } : { breaking: true, why: 'it will be destroyed' }),
  })
  return withMoves(section, movesOf(to))
}

/** Differences of the calls of other modules; a call that is gone takes its resources with it. */
export function diffModuleCalls(from: ModulePart, to: ModulePart): DiffSection {
  const section = diffSection(callsOf(from), callsOf(to), {
    show: ({ source, version = '' }) => `${source} ${version}`.trim(),
    removed: () => ({ breaking: true, why: 'its resources will be destroyed' }),
    changed: (old, now) => [
      ...changeOf('source', { from: old.source, to: now.source }, { breaking: false, why: 'it comes from elsewhere' }),
      ...changeOf('version', { from: old.version ?? '', to: now.version ?? '' }, { breaking: false, why: 'another version is called' }),
    ],
  })
  return withMoves(section, movesOf(to))
}

function addressesOf({ resources, data_sources: dataSources }: ModulePart): Map<string, boolean> {
  const managed = resources.map(({ type, name }) => [`${type}.${name}`, false] as const)
  return new Map([...managed, ...dataSources.map(({ type, name }) => [`data.${type}.${name}`, true] as const)])
}

function callsOf({ module_calls: calls }: ModulePart): Map<string, ModuleCall> {
  return new Map(calls.map((call) => [`module.${call.name}`, call]))
}

/** Old address → new address; a single instance stands for the whole, as nothing more can be told. */
function movesOf({ moved }: ModulePart): Map<string, string> {
  const withoutKeys = (address: string): string => address.replace(/\[(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]/g, '')
  return new Map(moved.map(({ from, to }) => [withoutKeys(from), withoutKeys(to)]))
}

function withMoves({ added, removed, changed }: DiffSection, moves: ReadonlyMap<string, string>): DiffSection {
  const moved: ModuleChange[] = removed.flatMap(({ name }) => {
    const target = finalAddress(name, moves)
    return target === undefined ? [] : [{ name, aspect: 'address', from: name, to: target, breaking: false, why: 'it is moved' }]
  })
  return {
    added: added.filter(({ name }) => !moved.some(({ to }) => to === name)),
    removed: removed.filter(({ name }) => !moved.some(({ from }) => from === name)),
    changed: [...changed, ...moved],
  }
}

/** Follows moves of moves; a circle, which Terraform refuses, ends where it began. */
function finalAddress(name: string, moves: ReadonlyMap<string, string>): string | undefined {
  const seen = new Set([name])
  let address = moves.get(name)
  for (let next = address; next !== undefined && !seen.has(next); next = moves.get(next)) {
    seen.add(next)
    address = next
  }
  return address
}
