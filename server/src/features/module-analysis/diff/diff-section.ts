import type { DiffSection, ModuleChange } from './module-diff.ts'

/** What to say of things that stand on one side only. */
export interface SectionRules<Item> {
  /** How an item is shown; the empty text by default. */
  readonly show?: (item: Item) => string
  readonly added?: (item: Item) => Verdict
  readonly removed?: (item: Item) => Verdict
  /** The differences of an item that stands on both sides, in the order in which they are told. */
  readonly changed?: (from: Item, to: Item) => Omit<ModuleChange, 'name'>[]
}

export interface Verdict {
  readonly breaking: boolean
  readonly why: string
}

const ADDED: Verdict = { breaking: false, why: 'it is new' }
const REMOVED: Verdict = { breaking: false, why: 'it is gone' }

/** Compares two lists of things by their names. */
export function diffSection<Item>(from: ReadonlyMap<string, Item>, to: ReadonlyMap<string, Item>, rules: SectionRules<Item>): DiffSection {
  const { show = () => '', added = () => ADDED, removed = () => REMOVED, changed = () => [] } = rules
  const onlyIn = (these: ReadonlyMap<string, Item>, those: ReadonlyMap<string, Item>) => [...these].filter(([name]) => !those.has(name))
  return {
    added: onlyIn(to, from).map(([name, item]) => ({ name, from: null, to: show(item), ...added(item) })),
    removed: onlyIn(from, to).map(([name, item]) => ({ name, from: show(item), to: null, ...removed(item) })),
    changed: [...from].flatMap(([name, item]) => {
      const other = to.get(name)
      return other === undefined ? [] : changed(item, other).map((change) => ({ name, ...change }))
    }),
  }
}

/** A difference in one aspect, when there is one. */
export function changeOf(
  aspect: string,
  values: { from: string | null; to: string | null },
  verdict: Verdict,
): Omit<ModuleChange, 'name'>[] {
  return values.from === values.to ? [] : [{ aspect, ...values, ...verdict }]
}

/** A difference in a property that is true or false. */
export function flagChange(aspect: string, values: { from: boolean; to: boolean }, verdict: Verdict): Omit<ModuleChange, 'name'>[] {
  return changeOf(aspect, { from: String(values.from), to: String(values.to) }, verdict)
}

/** True when one of its changes is breaking. */
export function isBreaking({ added, removed, changed }: DiffSection): boolean {
  return [added, removed, changed].some((changes) => changes.some(({ breaking }) => breaking))
}

/** Things by name. */
export function nameMap<Item extends { readonly name: string }>(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [item.name, item]))
}
