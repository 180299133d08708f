import { describe, expect, test } from 'vitest'
import { readRequestsPerSecond, readSlowest } from './wrk.ts'

const OUTPUT = `Running 2s test @ http://127.0.0.1:8099/a.json
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   471.32us   60.86us   2.21ms   90.40%
    Req/Sec    67.70k     2.03k   69.88k    85.00%
  134700 requests in 2.00s, 0.90GB read
Requests/sec:  67327.74
Transfer/sec:    463.61MB
`

describe('the output of wrk', () => {
  test('the rate is read', () => {
    expect(readRequestsPerSecond(OUTPUT)).toBe(67327.74)
  })

  test('a run with refused requests is no figure', () => {
    const output = OUTPUT.replace('Requests/sec', '  Non-2xx or 3xx responses: 12\nRequests/sec')
    expect(() => readRequestsPerSecond(output)).toThrow('Non-2xx')
  })

  test('a run with broken connections is no figure', () => {
    const output = OUTPUT.replace('Requests/sec', '  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec')
    expect(() => readRequestsPerSecond(output)).toThrow('Socket errors')
  })

  test('output without a rate is no figure', () => {
    expect(() => readRequestsPerSecond('unable to connect')).toThrow('unable to connect')
  })

  test.each([
    ['850.00us', 0.85],
    ['2.21ms', 2.21],
    ['1.02s', 1020],
  ])('the 99th percentile %s is read', (text, milliseconds) => {
    const output = OUTPUT.replace('  134700', `  Latency Distribution\n     50%  471.00us\n     99%    ${text}\n  134700`)
    expect(readSlowest(output)).toBeCloseTo(milliseconds)
  })

  test('output without the percentile is no figure', () => {
    expect(() => readSlowest(OUTPUT)).toThrow('no 99th percentile')
  })
})
