/** Runs what asks an upstream when there is room for it. */
export interface UpstreamGate {
  /** Rejects with the error of `late` when there was no room for `waitMs`; then nothing was asked. */
  pass<T>(hostname: string, ask: () => Promise<T>, limit: { readonly waitMs: number; late(): Error }): Promise<T>
}

interface Lane {
  running: number
  readonly waiting: (() => void)[]
}

/** Of one upstream at the same time; more would only make each of them slower. */
const MAX_AT_ONCE = 16

/**
 * A few at a time for each upstream: whoever asks for thousands of names that nobody has heard of must not become a flood of requests
 * to somebody else's server. The hosts are those of the configuration.
 */
export function createUpstreamGate(): UpstreamGate {
  const lanes = new Map<string, Lane>()
  return {
    async pass(hostname, ask, { waitMs, late }) {
      const lane = lanes.get(hostname) ?? { running: 0, waiting: [] }
      lanes.set(hostname, lane)
      const since = performance.now()
      await enter(lane)
      try {
        // Whoever waited for the answer has left meanwhile.
        if (performance.now() - since > waitMs) throw late()
        return await ask()
      } finally {
        leave(lane)
      }
    },
  }
}

async function enter(lane: Lane): Promise<void> {
  if (lane.running < MAX_AT_ONCE) {
    lane.running += 1
    return
  }
  // The one that leaves hands its place over, so `running` stays.
  await new Promise<void>((resolve) => lane.waiting.push(resolve))
}

function leave(lane: Lane): void {
  const next = lane.waiting.shift()
  if (next === undefined) lane.running -= 1
  else next()
}
