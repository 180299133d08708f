import { type Static, Type } from 'typebox'

const Text = Type.Union([Type.String(), Type.Null()])

/** One difference. A thing with several differences stands once for each of them. */
export const ModuleChange = Type.Object({
  name: Type.String({ description: 'Name of the thing; resources as TYPE.NAME or data.TYPE.NAME' }),
  aspect: Type.Optional(
    Type.String({ description: 'What of it changed, such as "type" or "default"; absent when it was added or removed' }),
  ),
  from: Text,
  to: Text,
  breaking: Type.Boolean({ description: 'Callers must change something, or lose something' }),
  why: Type.String({ description: 'A phrase for people' }),
})
export type ModuleChange = Static<typeof ModuleChange>

/** The differences of one kind of thing, by name. */
export const DiffSection = Type.Object({
  added: Type.Array(ModuleChange),
  removed: Type.Array(ModuleChange),
  changed: Type.Array(ModuleChange),
})
export type DiffSection = Static<typeof DiffSection>

const sections = {
  inputs: DiffSection,
  outputs: DiffSection,
  providers: Type.Object(DiffSection.properties, { description: 'With the constraint on Terraform, by the name required_version' }),
  resources: Type.Object(DiffSection.properties, { description: 'Resources and data sources' }),
  module_calls: DiffSection,
}

/** The differences of one folder. */
export const PartDiff = Type.Object({ ...sections, breaking: Type.Boolean() })
export type PartDiff = Static<typeof PartDiff>

/** What changes for callers from one version of a module to another: of its root, and of its submodules. */
export const ModuleDiff = Type.Object({
  ...sections,
  submodules: Type.Object({
    added: Type.Array(ModuleChange),
    removed: Type.Array(ModuleChange),
    changed: Type.Array(Type.Object({ ...ModuleChange.properties, diff: PartDiff })),
  }),
  breaking: Type.Boolean(),
})
export type ModuleDiff = Static<typeof ModuleDiff>
