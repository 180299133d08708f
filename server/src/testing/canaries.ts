import { createHash } from 'node:crypto'

/** Texts that stand for secrets: unlike anything else, and the same for the same place. */
export interface Canaries {
  /** The canary of a place, for example `body.password`. Letters and digits only, so that URL encoding does not change it. */
  at(place: string): string
  /** Looks for a real secret, too. */
  watch(place: string, secret: string): void
  /** Places whose canary occurs in a text: as it is, in either case, in base64 at any offset, in hexadecimal, or backwards. */
  foundIn(text: string): string[]
}

/** No canaries yet; each is known from the time when it is asked for. */
export function createCanaries(): Canaries {
  const forms = new Map<string, readonly string[]>()
  return {
    at(place) {
      const canary = `Canary${createHash('sha256').update(place).digest('hex').slice(0, 20)}Q9z`
      forms.set(place, formsOf(canary))
      return canary
    },
    watch(place, secret) {
      forms.set(place, formsOf(secret))
    },
    foundIn(text) {
      const lower = text.toLowerCase()
      return [...forms].filter(([, all]) => all.some((form) => lower.includes(form))).map(([place]) => place)
    },
  }
}

function formsOf(canary: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from('x'.repeat(offset) + canary).toString('base64url')
    // What the neighbours of the canary share with it is left out.
    return encoded.slice(Math.ceil((offset * 4) / 3), -3)
  })
  const all = [canary, Buffer.from(canary).toString('hex'), [...canary].reverse().join(''), ...base64]
  return all.map((form) => form.toLowerCase())
}
