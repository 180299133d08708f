import { describe, expect, test } from 'vitest'
import { createBufferPool, LARGE_BUFFER_BYTES, SMALL_BUFFER_BYTES } from './buffer-pool.ts'

describe('buffer pool', () => {
  test('hands out a released buffer again', () => {
    const pool = createBufferPool()
    const buffer = pool.acquire()
    pool.release(buffer)
    expect(pool.acquire()).toBe(buffer)
  })

  test('never hands out a buffer that is in use', () => {
    const pool = createBufferPool()
    const buffers = Array.from({ length: 100 }, () => pool.acquire())
    expect(new Set(buffers).size).toBe(100)
  })

  // Otherwise a thousand readers that stall would hold a thousand large buffers.
  test('hands out small buffers when 32 large ones are out, and large ones again when they come back', () => {
    const pool = createBufferPool()
    const large = Array.from({ length: 32 }, () => pool.acquire())
    expect(large.every((buffer) => buffer.byteLength === LARGE_BUFFER_BYTES)).toBe(true)
    const small = pool.acquire()
    expect(small.byteLength).toBe(SMALL_BUFFER_BYTES)
    pool.release(small)
    expect(pool.acquire().byteLength).toBe(SMALL_BUFFER_BYTES)
    for (const buffer of large) pool.release(buffer)
    expect(pool.acquire().byteLength).toBe(LARGE_BUFFER_BYTES)
  })
})
