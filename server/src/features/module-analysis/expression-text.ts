import { TEMPLATE } from '../../base/hcl/literal-values.ts'

/**
 * An expression as it was written: `${var.x}` is `var.x`. A template that holds more than one expression stays as it is, plain text
 * and numbers too. Lines after the first lose the indentation that they have in common.
 */
export function expressionText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') return JSON.stringify(value)
  return dedent(isOneExpression(value) ? value.slice(2, -1).trim() : unescapeTemplate(value))
}

/** A text that holds no expression, its template escapes undone; the template itself when it holds one, empty when it is no text. */
export function literalText(value: unknown): string {
  if (typeof value !== 'string') return ''
  return TEMPLATE.test(value) ? value : unescapeTemplate(value)
}

/** The value with the template escapes of its texts undone, as the program that reads the configuration sees it. */
export function literalValue(value: unknown): unknown {
  if (typeof value === 'string') return literalText(value)
  if (Array.isArray(value)) return value.map(literalValue)
  if (typeof value !== 'object' || value === null) return value
  // Entries, not assignments: a key `__proto__` is a key like any other.
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, literalValue(child)]))
}

/** `true` for `true` and for the text "true", which Terraform converts. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 'true'
}

function unescapeTemplate(text: string): string {
  return text.replaceAll('$${', '${').replaceAll('%%{', '%{')
}

/** Whether the `${` at the beginning is closed by the very last character, and not by an earlier one. */
function isOneExpression(text: string): boolean {
  if (!text.startsWith('${') || !text.endsWith('}')) return false
  const closing: string[] = ['}']
  let index = 2
  while (index < text.length && closing.length > 0) index += step(text, index, closing)
  return closing.length === 0 && index === text.length
}

/** Passes one token: `closing` are the ends of the braces and texts that are open, the innermost last. */
function step(text: string, index: number, closing: string[]): number {
  return closing.at(-1) === '"' ? stepInText(text, index, closing) : stepInCode(text.charAt(index), closing)
}

function stepInCode(character: string, closing: string[]): number {
  if (character === '}') closing.pop()
  if (character === '{') closing.push('}')
  if (character === '"') closing.push('"')
  return 1
}

function stepInText(text: string, index: number, closing: string[]): number {
  if (text.startsWith('\\', index)) return 2
  if (text.startsWith('$${', index)) return 3
  if (text.startsWith('${', index)) {
    closing.push('}')
    return 2
  }
  if (text.startsWith('"', index)) closing.pop()
  return 1
}

function dedent(text: string): string {
  const [first = '', ...others] = text.split('\n')
  const depths = others.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length)
  const depth = depths.reduce((least, next) => Math.min(least, next), Number.MAX_SAFE_INTEGER)
  return [first, ...others.map((line) => line.slice(Math.min(depth, line.length)))].map((line) => line.trimEnd()).join('\n')
}
