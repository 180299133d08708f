import { usageError } from '../cli-error.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1000, M: 1000 ** 2, G: 1000 ** 3, KI: 1024, MI: 1024 ** 2, GI: 1024 ** 3 }

/** `4G`, `700M`, `4GiB`, or bytes. @throws {CliError} exit code 2 */
export function parseSize(text: string, flag: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([KMG]?i?)B?$/i.exec(text.trim()) ?? []
  const factor = UNITS[unit.toUpperCase()]
  const bytes = amount === '' || factor === undefined ? 0 : Math.floor(Number(amount) * factor)
  if (bytes > 0) return bytes
  throw usageError(`Cannot use "${flag} ${text}": it is no size`, 'A size looks like 4G, 700M or 4GiB')
}
