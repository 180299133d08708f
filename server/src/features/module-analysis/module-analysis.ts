import { type Static, Type } from 'typebox'

/** A variable of a module. */
export const ModuleInput = Type.Object({
  name: Type.String(),
  type: Type.String({ description: 'As written, without quotes; "any" when none is given' }),
  description: Type.String({ description: 'Empty when there is none' }),
  default: Type.Union([Type.String(), Type.Null()], { description: 'JSON text; null when there is none' }),
  required: Type.Boolean(),
  sensitive: Type.Boolean(),
  nullable: Type.Boolean(),
  ephemeral: Type.Boolean(),
  validation: Type.Array(Type.Object({ condition: Type.String(), error_message: Type.String() })),
})
export type ModuleInput = Static<typeof ModuleInput>

/** An output of a module. Its value is not kept. */
export const ModuleOutput = Type.Object({
  name: Type.String(),
  description: Type.String(),
  sensitive: Type.Boolean(),
  ephemeral: Type.Boolean(),
})
export type ModuleOutput = Static<typeof ModuleOutput>

/** A resource or data source. */
export const ModuleResource = Type.Object({ type: Type.String(), name: Type.String() })
export type ModuleResource = Static<typeof ModuleResource>

/** A provider that a module needs, whether it says so or only uses its resources. */
export const RequiredProvider = Type.Object({
  name: Type.String({ description: 'Local name' }),
  source: Type.String({ description: 'HOST/NAMESPACE/TYPE; as written when it is no address' }),
  version: Type.String({ description: 'Constraints, separated by commas; empty when there are none' }),
  configuration_aliases: Type.Array(Type.String(), { description: 'Configurations that callers must pass, such as aws.replica' }),
})
export type RequiredProvider = Static<typeof RequiredProvider>

/** A module that a module calls. */
export const ModuleCall = Type.Object({ name: Type.String(), source: Type.String(), version: Type.Optional(Type.String()) })
export type ModuleCall = Static<typeof ModuleCall>

/** One folder with configuration. All lists are sorted by name, those of resources by type and name. */
export const ModulePart = Type.Object({
  path: Type.String({ description: 'Empty for the root, else like modules/x' }),
  name: Type.String({ description: 'Last part of the path' }),
  readme: Type.Optional(
    Type.Object({ path: Type.String(), markdown: Type.String({ description: 'Markdown as written: not safe to show as it is' }) }),
  ),
  inputs: Type.Array(ModuleInput),
  outputs: Type.Array(ModuleOutput),
  resources: Type.Array(ModuleResource),
  data_sources: Type.Array(ModuleResource),
  required_providers: Type.Array(RequiredProvider),
  required_version: Type.Optional(Type.String({ description: 'Constraints on Terraform' })),
  module_calls: Type.Array(ModuleCall),
  moved: Type.Array(Type.Object({ from: Type.String(), to: Type.String() }), { description: 'Addresses that its moved blocks name' }),
  empty: Type.Boolean({ description: 'Nothing is declared in it' }),
})
export type ModulePart = Static<typeof ModulePart>

/** Something that could not be read; the rest of the analysis stands. */
export const AnalysisProblem = Type.Object({
  path: Type.String({ description: 'File or folder in the archive; empty for the whole archive' }),
  line: Type.Optional(Type.Integer({ description: 'From 1' })),
  column: Type.Optional(Type.Integer({ description: 'From 1, in characters' })),
  message: Type.String(),
})
export type AnalysisProblem = Static<typeof AnalysisProblem>

/** What the files of a module say, read without running anything of it. Plain JSON. */
export const ModuleAnalysis = Type.Object({
  root: ModulePart,
  submodules: Type.Array(ModulePart, { description: 'Every folder modules/NAME with configuration, by path' }),
  examples: Type.Array(ModulePart, { description: 'Every folder examples/NAME with configuration, by path' }),
  licence: Type.Optional(
    Type.Object({
      path: Type.String(),
      spdx: Type.Optional(Type.String({ description: 'SPDX identifier, when the text is a known one' })),
    }),
  ),
  problems: Type.Array(AnalysisProblem, { description: 'At most 100' }),
})
export type ModuleAnalysis = Static<typeof ModuleAnalysis>

/** A part in which nothing is declared. `path` as in {@link ModulePart}. */
export function emptyPart(path: string): ModulePart {
  return {
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    inputs: [],
    outputs: [],
    resources: [],
    data_sources: [],
    required_providers: [],
    module_calls: [],
    moved: [],
    empty: true,
  }
}
