const BASE = 36
const T_MIN = 1
const T_MAX = 26
const INITIAL_BIAS = 72
const INITIAL_N = 128

/**
 * The Unicode form of one host name label, given without its `xn--` prefix; undefined when it is not Punycode.
 * Only the decoder is ours: encoding, with all rules of IDNA, is done by the URL parser that every runtime has.
 * Source: RFC 3492, section 6.2.
 */
export function decodePunycode(encoded: string): string | undefined {
  const split = encoded.lastIndexOf('-')
  const output = split > 0 ? Array.from(encoded.slice(0, split), (c) => c.codePointAt(0) ?? 0) : []
  const start = split > 0 ? split + 1 : 0
  let position = start
  let codePoint = INITIAL_N
  let index = 0
  let bias = INITIAL_BIAS
  while (position < encoded.length) {
    const delta = readDelta(encoded, position, bias)
    if (delta === undefined) return undefined
    const length = output.length + 1
    bias = adaptBias({ delta: delta.value, length, first: position === start })
    index += delta.value
    codePoint += Math.floor(index / length)
    index %= length
    if (codePoint > 0x10ffff) return undefined
    output.splice(index++, 0, codePoint)
    position = delta.next
  }
  return String.fromCodePoint(...output)
}

/** One variable-length integer from `start`, and where the next one begins. */
function readDelta(encoded: string, start: number, bias: number): { value: number; next: number } | undefined {
  let value = 0
  let weight = 1
  let position = start
  for (let k = BASE; position < encoded.length; k += BASE) {
    const digit = digitValue(encoded.charCodeAt(position++))
    if (digit === undefined) return undefined
    value += digit * weight
    if (!Number.isSafeInteger(value)) return undefined
    const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX)
    if (digit < threshold) return { value, next: position }
    weight *= BASE - threshold
  }
  return undefined
}

function digitValue(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26
  if (code >= 0x61 && code <= 0x7a) return code - 0x61
  return undefined
}

function adaptBias(step: { delta: number; length: number; first: boolean }): number {
  let delta = step.first ? Math.floor(step.delta / 700) : Math.floor(step.delta / 2)
  delta += Math.floor(delta / step.length)
  let k = 0
  for (; delta > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) delta = Math.floor(delta / (BASE - T_MIN))
  return k + Math.floor(((BASE - T_MIN + 1) * delta) / (delta + 38))
}
