const REDACTED = '[redacted]'
const MAX_DEPTH = 6

// Names of fields whose value is never written, in any case and at any depth.
const SECRET_NAME =
  /authorization|cookie|password|passphrase|secret|private_?key|encryption_?key|signature|^(?:.*_)?token$|token$|^jwt$|^armor$/i

// Secrets inside other text. The API key's form is ours; the rest are the usual carriers. Every part that can fail late is
// bounded, so that a hostile path costs no more than its length.
const SECRET_TEXT =
  /\btfr_[A-Za-z0-9_-]{8,}|\beyJ[A-Za-z0-9_-]{8,256}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+|\b(?:Bearer|Basic) +[A-Za-z0-9._~+/=-]{8,}|(?<=:\/\/)[^/@\s"\\]+(?=@)|(?<=[?&;](?:[A-Za-z0-9_-]*(?:signature|token|secret|password|key)|sig)=)[^&;\s"\\]+/gi

/** Text with every secret that can be told by its form replaced: API keys, session tokens, credentials in URLs, signed queries. */
export function redactText(text: string): string {
  return text.replace(SECRET_TEXT, REDACTED)
}

/** An address that may be shown or logged: without user, password, and the values of secret query keys. */
export function redactUrl(url: string | URL): string {
  return redactText(String(url))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function redactValue(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return typeof value === 'object' && value !== null ? '[too deep]' : value
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1))
  return isPlain(value) ? redactAt(value, depth) : value
}

function redactAt(record: Record<string, unknown>, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(record)) {
    const isSecret = value !== undefined && value !== null && SECRET_NAME.test(name)
    result[name] = isSecret ? REDACTED : redactValue(value, depth + 1)
  }
  return result
}

/** A copy of a plain object in which fields with a secret's name are replaced, at the top and at any depth. */
export function redactFields(record: Record<string, unknown>): Record<string, unknown> {
  return redactAt(record, 0)
}
