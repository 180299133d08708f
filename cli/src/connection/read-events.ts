import { CliError } from '../cli-error.ts'
import type { HttpSink } from './http-connection.ts'

/** A server-sent event. */
export interface ServerEvent {
  readonly event: string
  /** What to come back with after an interruption. */
  readonly id: string
  readonly data: string
}

/** An event is one job without its items. */
const MAX_EVENT_CHARACTERS = 1024 * 1024

/**
 * Takes a stream of server-sent events apart, whatever pieces it comes in; comments and events without data are passed over.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function eventSink(take: (event: ServerEvent) => void): HttpSink {
  const decoder = new TextDecoder()
  let waiting = ''
  return {
    contentType: 'text/event-stream',
    write: async (piece) => {
      const blocks = (waiting + decoder.decode(piece, { stream: true })).split('\n\n')
      waiting = blocks.pop() ?? ''
      if (waiting.length > MAX_EVENT_CHARACTERS) throw new CliError('Cannot read the events of the server: one is too large')
      for (const block of blocks) {
        const event = parseEvent(block)
        if (event.data !== '') take(event)
      }
    },
  }
}

function parseEvent(block: string): ServerEvent {
  const fields = block.split('\n').map((line) => {
    const [name = '', ...rest] = line.split(':')
    return [name, rest.join(':').replace(/^ /, '')] as const
  })
  const last = (wanted: string) => fields.findLast(([name]) => name === wanted)?.[1] ?? ''
  const data = fields.filter(([name]) => name === 'data').map(([, value]) => value)
  return { event: last('event'), id: last('id'), data: data.join('\n') }
}
