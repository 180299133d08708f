/**
 * Module analysis: what the files of a module say about it, and what changes between two versions.
 *
 * An analysis has the README, inputs, outputs, resources, data sources, required providers and module calls of the root, of every
 * `modules/NAME` and of every `examples/NAME`, and the licence. It is read from the canonical archive, in memory, by HashiCorp's own
 * parser compiled to WebAssembly. It is plain JSON, so it can be stored and sent as it is.
 *
 * Invariants:
 * - Nothing of a module is ever run: no Terraform, no provider, no expression. Expressions stay texts.
 * - A module always has an analysis. A file that does not parse, or takes too much time or memory, is a problem in it, and everything
 *   else is still read. Only an archive that cannot be read at all is an error.
 * - Hostile files cost one thread, which is ended: 512 KiB a file, 2 MiB for root, submodules and examples each, 200 submodules,
 *   3 seconds a file, 10 seconds a module, 128 MB for the parser and as much for the thread; 4 MB of result.
 * - The parser loses the order of declarations, so everything is sorted by name, and it tells positions of flaws only.
 * - Texts of an analysis come from strangers: a README is not safe to show before it is cleaned.
 *
 * A diff compares two analyses. It marks as breaking what makes callers change something or lose something, as far as declarations
 * tell.
 *
 * There is no state here, so nothing is lost in a crash.
 */
export { diffModules } from './diff/diff-modules.ts'
export { DiffSection, ModuleChange, ModuleDiff, PartDiff } from './diff/module-diff.ts'
export { createModuleAnalyser, type ModuleAnalyser, type ModuleAnalyserOptions } from './module-analyser.ts'
export {
  AnalysisProblem,
  ModuleAnalysis,
  ModuleCall,
  ModuleInput,
  ModuleOutput,
  ModulePart,
  ModuleResource,
  RequiredProvider,
} from './module-analysis.ts'
export { parseJsonConfiguration } from './parse-configuration.ts'
export { type FolderRequirements, readRequirements } from './read-requirements.ts'
