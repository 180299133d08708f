/** A mark that begins an expression inside a text. */
export const TEMPLATE = /(?<!\$)\$\{|(?<!%)%\{/

/** A value that stands for itself: no reference, no function call, no template. */
export type HclValue = string | number | boolean | null | readonly HclValue[] | { readonly [key: string]: HclValue }

/** A value that does not stand for itself. */
export interface FoundExpression {
  /** Dotted name of the attribute that holds it. */
  readonly attribute: string
  /** As the parser gives it: `${var.x}`, or the text around it for a template. It may hold a secret. */
  readonly source: string
}

/**
 * The parser hands expressions over as text in `${…}` and keeps the escapes `$${` and `%%{`. Gives the document with the
 * escapes resolved, and the first expression, if there is one.
 */
export function resolveLiterals(document: unknown): { readonly value: HclValue; readonly expression: FoundExpression | undefined } {
  const found: FoundExpression[] = []
  const value = walk(document, [], found)
  return { value, expression: found[0] }
}

function walk(node: unknown, path: readonly string[], found: FoundExpression[]): HclValue {
  if (typeof node === 'string') {
    if (TEMPLATE.test(node)) found.push({ attribute: path.join('.'), source: node })
    return node.replaceAll('$${', '${').replaceAll('%%{', '%{')
  }
  if (Array.isArray(node)) return node.map((item) => walk(item, path, found))
  if (typeof node !== 'object' || node === null) return node as HclValue
  // Without a prototype, so that a block labelled `__proto__` is a key like any other.
  const result: Record<string, HclValue> = Object.create(null)
  for (const [key, child] of Object.entries(node)) result[key] = walk(child, [...path, key], found)
  return result
}
