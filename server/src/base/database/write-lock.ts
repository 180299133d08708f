import { databaseUnavailable } from './database-errors.ts'

/**
 * One writer at a time, first come first served. SQLite has a single write lock per file; waiting for it here costs no thread,
 * waiting inside SQLite would stop the event loop.
 */
export class WriteLock {
  #held = false
  readonly #waiting: (() => void)[] = []

  /**
   * Resolves when the lock is ours; call the answer once to give it back.
   * @throws {RegistryError} DATABASE_UNAVAILABLE after `timeoutMs`. The usual cause is a defect: a write through the database
   * handle while the same task holds a transaction, which would otherwise wait for itself for ever.
   */
  async acquire(timeoutMs: number): Promise<() => void> {
    if (this.#held) await this.#wait(timeoutMs)
    this.#held = true
    let released = false
    return () => {
      if (released) return
      released = true
      this.#passOn()
    }
  }

  #wait(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1)
        reject(databaseUnavailable('busy', `another transaction has held the write lock for ${timeoutMs} ms`))
      }, timeoutMs)
      this.#waiting.push(turn)
    })
  }

  #passOn(): void {
    const next = this.#waiting.shift()
    // The lock stays held while it changes hands: a newcomer must not slip in between.
    if (next === undefined) this.#held = false
    else next()
  }
}
