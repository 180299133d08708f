import type { ModuleAnalysis, ModulePart } from '../module-analysis.ts'
import { diffInputs, diffOutputs } from './diff-inputs.ts'
import { diffProviders } from './diff-providers.ts'
import { diffModuleCalls, diffResources } from './diff-resources.ts'
import { diffSection, isBreaking } from './diff-section.ts'
import type { ModuleChange, ModuleDiff, PartDiff } from './module-diff.ts'

/**
 * What changes for callers from one version of a module to another. `breaking` is a reading of declarations only: how resources
 * behave is not looked at. Examples are nobody's interface and are left out.
 */
export function diffModules(from: ModuleAnalysis, to: ModuleAnalysis): ModuleDiff {
  const root = diffPart(from.root, to.root)
  const submodules = diffSubmodules(from.submodules, to.submodules)
  return { ...root, submodules, breaking: root.breaking || isBreaking(submodules) }
}

function diffPart(from: ModulePart, to: ModulePart): PartDiff {
  const sections = {
    inputs: diffInputs(from.inputs, to.inputs),
    outputs: diffOutputs(from.outputs, to.outputs),
    providers: diffProviders(from, to),
    resources: diffResources(from, to),
    module_calls: diffModuleCalls(from, to),
  }
  return { ...sections, breaking: Object.values(sections).some(isBreaking) }
}

function diffSubmodules(from: readonly ModulePart[], to: readonly ModulePart[]): ModuleDiff['submodules'] {
  const [oldParts, newParts] = [byPath(from), byPath(to)]
  const { added, removed } = diffSection(oldParts, newParts, {
    removed: () => ({ breaking: true, why: 'callers that use it fail' }),
  })
  const changed = from.flatMap((part) => {
    const other = newParts.get(part.path)
    const diff = other && diffPart(part, other)
    const changes = diff === undefined ? [] : allChanges(diff)
    return diff === undefined || changes.length === 0 ? [] : [{ name: part.path, from: null, to: null, diff, ...summarise(changes) }]
  })
  return { added, removed, changed }
}

function byPath(parts: readonly ModulePart[]): Map<string, ModulePart> {
  return new Map(parts.map((part) => [part.path, part]))
}

function allChanges({ inputs, outputs, providers, resources, module_calls: calls }: PartDiff): ModuleChange[] {
  return [inputs, outputs, providers, resources, calls].flatMap(({ added, removed, changed }) => [...added, ...removed, ...changed])
}

function summarise(changes: readonly ModuleChange[]): { breaking: boolean; why: string } {
  const first = changes.find(({ breaking }) => breaking)
  const breaking = first !== undefined
  return {
    breaking,
    why: first === undefined ? `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}` : `"${first.name}": ${first.why}`,
  }
}
