import type { HttpBody } from '../connection/http-connection.ts'
import { formatBytes, formatSeconds } from '../output/format-amounts.ts'
import type { ProgressLine } from '../output/progress-line.ts'
import { RateMeter } from '../output/rate-meter.ts'

/** The chunks of a body, showing while they are taken how far it is. */
export async function* withUploadProgress({ chunks, length }: HttpBody, progress: ProgressLine): AsyncGenerator<Uint8Array> {
  const rate = new RateMeter()
  let sent = 0
  for await (const chunk of chunks) {
    yield chunk
    sent += chunk.length
    const now = performance.now()
    rate.add(now, sent)
    progress.show(now, { fraction: sent / length, text: describe(sent, length, rate.perSecond) })
  }
}

function describe(sent: number, length: number, perSecond: number): string {
  const amounts = `${formatBytes(sent)} of ${formatBytes(length)} sent`
  if (sent === length) return `${amounts}; the server verifies it`
  if (perSecond === 0) return amounts
  return `${amounts}, ${formatBytes(perSecond)}/s, about ${formatSeconds((length - sent) / perSecond)} left`
}
