import { describe, expect, test } from 'vitest'
import { createPasswords } from './passwords.ts'
import { createWorkGate } from './work-gate.ts'

const PASSWORD = 'correct horse battery'

describe('passwords', () => {
  test('are bcrypt with the configured cost', async () => {
    const hash = await createPasswords({ bcryptCost: 5 }).hash(PASSWORD, 'mia')
    expect(hash).toMatch(/^\$2[aby]\$05\$/)
  })

  test('match only themselves', async () => {
    const passwords = createPasswords({ bcryptCost: 4 })
    const hash = await passwords.hash(PASSWORD, 'mia')
    expect(await passwords.verify(PASSWORD, hash)).toBe(true)
    expect(await passwords.verify(`${PASSWORD}!`, hash)).toBe(false)
    expect(await passwords.verify('', hash)).toBe(false)
  })

  // bcrypt looks at 72 bytes only (the Okta incident of 2024).
  test('a longer text with the same first 72 bytes does not match', async () => {
    const passwords = createPasswords({ bcryptCost: 4 })
    const longest = 'ab12'.repeat(18)
    const hash = await passwords.hash(longest, 'mia')
    expect(await passwords.verify(longest, hash)).toBe(true)
    expect(await passwords.verify(`${longest}x`, hash)).toBe(false)
  })

  // reliability.md row 29: time must not tell which users exist.
  test('an unknown user costs as much as a wrong password', async () => {
    const passwords = createPasswords({ bcryptCost: 8 })
    const hash = await passwords.hash(PASSWORD, 'mia')
    const timeOf = async (stored: string | undefined) => {
      const start = performance.now()
      expect(await passwords.verify('something else', stored)).toBe(false)
      return performance.now() - start
    }
    // The quickest of each count: a busy machine makes single ones slow, and more rounds make up for that.
    let unknown = Number.POSITIVE_INFINITY
    let wrong = Number.POSITIVE_INFINITY
    for (let round = 0; round < 5 || (round < 200 && Math.max(unknown / wrong, wrong / unknown) >= 2); round += 1) {
      unknown = Math.min(unknown, await timeOf(undefined))
      wrong = Math.min(wrong, await timeOf(hash))
    }
    expect(Math.max(unknown / wrong, wrong / unknown)).toBeLessThan(2)
  })

  test('the empty password opens nothing, not even for an unknown user', async () => {
    expect(await createPasswords({ bcryptCost: 4 }).verify('', null)).toBe(false)
  })
})

describe('work gate', () => {
  test('runs two at a time and refuses when too many wait', async () => {
    const gate = createWorkGate()
    let running = 0
    let most = 0
    const releases: (() => void)[] = []
    const work = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => releases.push(resolve))
      running -= 1
    }
    const all = Array.from({ length: 34 }, () => gate(work))
    await expect(gate(work)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 2 })
    let released = 0
    while (released < 34) {
      released += releases.length
      for (const release of releases.splice(0)) release()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(all)
    expect([most, running]).toEqual([2, 0])
  })

  test('a failing piece of work gives its place back', async () => {
    const gate = createWorkGate()
    const fail = () => Promise.reject(new Error('no'))
    await Promise.allSettled([gate(fail), gate(fail), gate(fail)])
    expect(await gate(() => Promise.resolve('yes'))).toBe('yes')
  })
})
