import { redactText } from './redact.ts'

const HIDDEN_FIELDS: ReadonlySet<string> = new Set(['time', 'level', 'msg', 'err'])
const PLAIN_VALUE = /^[\x21\x23-\x7e]+$/
const CLOCK_START = 11
const CLOCK_END = 23

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return PLAIN_VALUE.test(text) ? text : JSON.stringify(text)
}

// Control characters could move the cursor of a terminal or fake a line.
function withoutControls(text: string): string {
  return [...text].map((char) => ((char < ' ' && char !== '\n') || char === '\x7f' ? '?' : char)).join('')
}

function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return ''
  const { stack, message } = err as { stack?: string; message?: string }
  return `\n  ${withoutControls(redactText(stack ?? message ?? '')).replaceAll('\n', '\n  ')}`
}

/** A JSON log line as text for people: time of day, level, message, `field=value`, and the stack of an error below. */
export function formatTextLine(line: string): string {
  const record = JSON.parse(line) as Record<string, unknown>
  const time = String(record.time).slice(CLOCK_START, CLOCK_END)
  const level = String(record.level).toUpperCase().padEnd(5)
  const fields = Object.entries(record)
    .filter(([name]) => !HIDDEN_FIELDS.has(name))
    .map(([name, value]) => ` ${name}=${fieldText(value)}`)
  return `${time} ${level} ${withoutControls(String(record.msg ?? ''))}${fields.join('')}${errorText(record.err)}\n`
}
