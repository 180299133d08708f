import { expect, test } from 'vitest'
import { eventSink, type ServerEvent } from './read-events.ts'

test('events come whole, whatever pieces the stream comes in', async () => {
  const text =
    'retry: 2000\n\n: still there\n\nevent: progress\nid: a.1\ndata: {"title":"für"}\n\nevent: end\nid: b\ndata: 1\ndata: 2\n\nid: half'
  for (const size of [1, 7, text.length * 2]) {
    const events: ServerEvent[] = []
    const sink = eventSink((event) => events.push(event))
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) await sink.write(bytes.subarray(at, at + size))
    expect(events).toEqual([
      { event: 'progress', id: 'a.1', data: '{"title":"für"}' },
      { event: 'end', id: 'b', data: '1\n2' },
    ])
  }
})

test('an event without end is refused', async () => {
  const sink = eventSink(() => undefined)
  await expect(sink.write(Buffer.alloc(1024 * 1024 + 1, 'a'))).rejects.toThrow('one is too large')
})
