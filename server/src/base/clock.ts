/** Milliseconds since 1970-01-01T00:00:00Z. */
export type UnixMs = number

/** The only source of time, so that a test can move it. */
export interface Clock {
  now(): UnixMs
}

/** The time of this machine. */
export const systemClock: Clock = { now: () => Date.now() }
