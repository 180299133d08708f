import { expect, test } from 'vitest'
import { WriteLock } from './write-lock.ts'

const LONG_MS = 20_000

test('the lock is held by one at a time, in the order of asking', async () => {
  const lock = new WriteLock()
  const order: number[] = []
  let holders = 0
  await Promise.all(
    [1, 2, 3].map(async (number) => {
      const release = await lock.acquire(LONG_MS)
      holders += 1
      expect(holders).toBe(1)
      await Promise.resolve()
      order.push(number)
      holders -= 1
      release()
    }),
  )
  expect(order).toEqual([1, 2, 3])
})

test('who waits too long is told so, and does not take a later turn', async () => {
  const lock = new WriteLock()
  const release = await lock.acquire(LONG_MS)
  await expect(lock.acquire(1)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', detail: { reason: 'busy' } })
  release()
  const next = await lock.acquire(1)
  next()
})

test('giving the lock back twice does not give away the lock of the next holder', async () => {
  const lock = new WriteLock()
  const first = await lock.acquire(LONG_MS)
  first()
  await lock.acquire(LONG_MS)
  first()
  await expect(lock.acquire(1)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
})
