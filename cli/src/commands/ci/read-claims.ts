import { usageError } from '../../cli-error.ts'

/** Claims from `name=pattern` flags. @throws {CliError} exit code 2 for one without `=`, or a name that is there twice. */
export function readClaims(texts: readonly string[]): Record<string, string> {
  const claims = new Map<string, string>()
  for (const text of texts) {
    const [, name, pattern] = /^([^=]+)=([\s\S]+)$/.exec(text) ?? []
    if (name === undefined || pattern === undefined) throw usageError(`Cannot use claim "${text}": it is not of the form NAME=PATTERN`)
    if (claims.has(name)) throw usageError(`Cannot use claim "${text}": "${name}" is given twice`)
    claims.set(name, pattern)
  }
  return Object.fromEntries(claims)
}
