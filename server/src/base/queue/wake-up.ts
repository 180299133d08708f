/** A bell between those who create jobs and the workers of the same process, which start later or not at all. */
export interface WakeUp {
  /** Tells the workers that there is something to do; without workers here nothing happens, others poll. */
  wake(): void
  /** Who is woken from now on. */
  connect(wake: () => void): void
}

/** A bell that nobody hears yet. */
export function createWakeUp(): WakeUp {
  let ring: () => void = () => undefined
  return {
    wake: () => ring(),
    connect: (wake) => {
      ring = wake
    },
  }
}
