import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { testLog } from '../testing/test-edge.ts'
import { formatTextLine } from './log-text.ts'
import { createLogger } from './logger.ts'
import { redactText, redactUrl } from './redact.ts'

const API_KEY = 'tfr_0123456789abcdefghijABCDEFGHIJ'
const SESSION = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'

describe('logger', () => {
  test('writes one JSON object a line, with time, level and message', () => {
    const { logger, lines } = testLog()
    logger.info({ path: '/v1' }, 'Request')
    expect(JSON.parse(lines[0] ?? '')).toEqual({ time: expect.stringMatching(/^\d{4}-.*Z$/), level: 'info', path: '/v1', msg: 'Request' })
  })

  // reliability.md row 30.
  test.each(['token', 'password', 'authorization', 'Cookie', 'set-cookie', 'jwtSecret', 'encryption_key', 'private_key', 'access_token'])(
    'redacts the field %s at the top and deep inside',
    (name) => {
      const { logger, lines } = testLog()
      logger.info({ [name]: 'canary', request: { headers: { [name]: 'canary' }, list: [{ [name]: ['canary'] }] } }, 'x')
      expect(lines.join('')).not.toContain('canary')
    },
  )

  test('keeps fields that only sound like secrets', () => {
    const { logger, lines } = testLog()
    logger.info({ token_id: 'visible-1', key_id: 'visible-2', passed: 'visible-3' }, 'x')
    expect(lines.join('')).toMatch(/visible-1.*visible-2.*visible-3/)
  })

  test.each([API_KEY, SESSION, `Bearer abcdefgh.ijkl`, 'https://user:canary@host/', 'https://h/files/x?expires=1&signature=canary'])(
    'redacts %s inside text, messages and errors',
    (secret) => {
      const { logger, lines } = testLog()
      logger.warn({ text: `see ${secret} here`, err: new Error(`failed at ${secret}`) }, `while doing ${secret}`)
      expect(lines.join('')).not.toContain(secret)
      expect(lines.join('')).not.toContain('canary')
    },
  )

  test('a line that the client tries to break stays one line', () => {
    const { logger, lines } = testLog()
    logger.info({ path: 'a\r\n{"level":"error"}\u001b[31m' }, 'x')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.trimEnd()).toContain('a\\r\\n{')
    expect(lines[0]).not.toContain('\u001b')
  })

  test('levels below the configured one are not written', () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'warn', format: 'json', output: 'stdout', filePath: '' }, [{ write: (line) => lines.push(line) }])
    logger.info('quiet')
    logger.warn('loud')
    expect(lines).toHaveLength(1)
  })

  test.each(['stdout', 'file'])('the last lines before the process ends reach the output %s', async (output) => {
    const folder = mkdtempSync(join(tmpdir(), 'terrace-log-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const filePath = join(folder, 'terrace.log')
    const options = JSON.stringify({ level: 'info', format: 'json', output, filePath })
    const script = `import { createLogger } from '${new URL('./logger.ts', import.meta.url).href}'
      createLogger(${options}).info('last words'); process.exit(0)`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(output === 'file' ? readFileSync(filePath, 'utf8') : stdout).toContain('"msg":"last words"')
  })

  test('a file output is private and holds the lines', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'terrace-log-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const filePath = join(folder, 'logs', 'terrace.log')
    createLogger({ level: 'info', format: 'json', output: 'file', filePath }).info('kept')
    await vi.waitFor(() => expect(readFileSync(filePath, 'utf8')).toContain('"msg":"kept"'))
    expect(statSync(filePath).mode & 0o777).toBe(0o600)
  })
})

describe('text format', () => {
  const time = '2026-01-02T03:04:05.678Z'

  test('shows time of day, level, message and fields', () => {
    const line = JSON.stringify({ time, level: 'info', status: 200, path: '/a b', msg: 'Request' })
    expect(formatTextLine(line)).toBe('03:04:05.678 INFO  Request status=200 path="/a b"\n')
  })

  test('shows the stack of an error below', () => {
    const line = JSON.stringify({ time, level: 'error', err: { stack: 'Error: x\n    at y' }, msg: 'Failed' })
    expect(formatTextLine(line)).toBe('03:04:05.678 ERROR Failed\n  Error: x\n      at y\n')
  })

  test('lets no control character through to the terminal', () => {
    const line = JSON.stringify({ time, level: 'info', path: '\u001b[2J', msg: 'a\u001b[31m' })
    expect(formatTextLine(line)).not.toContain('\u001b')
  })
})

describe('redaction', () => {
  test('leaves the rest of an address readable', () => {
    expect(redactUrl('https://user:pw@host/files/a.zip?expires=17&signature=abc#x')).toBe(
      'https://[redacted]@host/files/a.zip?expires=17&signature=[redacted]',
    )
  })

  // reliability.md row 6: ten times the text may cost ten times the time, not a hundred times.
  test.each(['https://', 'eyJ-', 'tfr_-', '?signature=', 'a://', 'Bearer '])('takes linear time on a long run of %j', (part) => {
    const timeOf = (length: number) => {
      const text = part.repeat(length)
      const start = performance.now()
      redactText(text)
      return performance.now() - start
    }
    timeOf(1000)
    expect(timeOf(100_000)).toBeLessThan(Math.max(1, timeOf(10_000)) * 50)
  })
})
