/** Where the process is in its life: `starting` → `ready` → `stopping`. */
export interface Lifecycle {
  readonly state: 'starting' | 'ready' | 'stopping'
  /** Opens the routes; nothing happens when the server is already stopping. */
  markReady(): void
  /** Closes the routes for new requests; running ones go on. */
  markStopping(): void
}

/** A life that begins in `starting`. */
export function createLifecycle(): Lifecycle {
  let state: Lifecycle['state'] = 'starting'
  return {
    get state() {
      return state
    },
    markReady() {
      if (state === 'starting') state = 'ready'
    },
    markStopping() {
      state = 'stopping'
    },
  }
}
