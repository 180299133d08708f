import type { Output } from './output.ts'
import { printable } from './printable.ts'
import { alignColumns } from './show-list.ts'

/** Facts about one thing, label and text. */
export interface Facts {
  readonly facts: readonly (readonly [label: string, text: string])[]
  /** The document of `--json`. */
  readonly document: Readonly<Record<string, unknown>>
}

/** Writes one fact per line; plain: label and text separated by a tab. */
export function showFacts(output: Output, { facts, document }: Facts): void {
  if (output.settings.form === 'json') {
    output.json(document)
    return
  }
  const cells = facts.map(([label, text]) => [label, printable(text)])
  const lines = output.settings.form === 'plain' ? cells.map((line) => line.join('\t')) : alignColumns(cells)
  for (const line of lines) output.data(line)
}
