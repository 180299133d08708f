import { on } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, test } from 'vitest'
import { HclLimitError, HclSyntaxError } from './hcl-errors.ts'
import { closeHclParser, parseHcl } from './parse-hcl.ts'

afterAll(closeHclParser)

async function failure(text: string): Promise<Error> {
  return await parseHcl(text, 'a.hcl').then(
    () => {
      throw new TypeError('the text was read')
    },
    (error: Error) => error,
  )
}

describe('documents', () => {
  test('attributes of every kind are read', async () => {
    const text = 'a = 1\nb = -2.5\nc = true\nd = "x"\ne = null\nf = ["1", 2]\ng = { "h i" = 1 }\nj = <<EOT\ntext\nEOT\n'
    expect(await parseHcl(text, 'a.hcl')).toEqual({ a: 1, b: -2.5, c: true, d: 'x', e: null, f: ['1', 2], g: { 'h i': 1 }, j: 'text\n' })
  })

  test('blocks become lists, and labels become keys', async () => {
    const text = 'server {\n  port = 1\n}\nprovider "a/b" {}\nprovider "a/b" {\n  x = 1\n}\n'
    expect(await parseHcl(text, 'a.hcl')).toEqual({ server: [{ port: 1 }], provider: { 'a/b': [{}, { x: 1 }] } })
  })

  test('an empty text, comments and a byte order mark are fine', async () => {
    expect(await parseHcl('\uFEFF# comment\n// another\n/* and\n more */\n', 'a.hcl')).toEqual({})
  })

  test('escaped template marks are plain text', async () => {
    expect(await parseHcl('a = "$${x} %%{y} $z"', 'a.hcl')).toEqual({ a: ['$', '{x} %{y} $z'].join('') })
  })

  test('a label that is the name of the prototype is a key like any other', async () => {
    const document = await parseHcl('provider "__proto__" {\n  a = 1\n}\n', 'a.hcl')
    expect(Object.keys(document.provider as object)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>).a).toBeUndefined()
  })
})

describe('syntax errors', () => {
  test.each([
    ['provider "x" {\n  versions = ["a" "b"]\n}\n', 2, 19, 'Missing item separator'],
    ['a = 1\nb = )\n', 2, 5, 'Invalid expression'],
    ['a = "é😀" )\n', 1, 10, 'Missing newline after argument'],
    ['a = 1\na = 2\n', 2, 1, 'Attribute redefined'],
    ['provider "x" {\n', 1, 14, 'Unclosed configuration block'],
  ])('%j names line and column', async (text, line, column) => {
    const error = await failure(text)
    expect(error).toBeInstanceOf(HclSyntaxError)
    expect(error).toMatchObject({ line, column })
    expect(error.message).toContain(`a.hcl line ${line}, column ${column}: `)
  })

  test('the message tells what was expected, under the name of the file', async () => {
    expect((await failure('a = [1 2]')).message).toBe(
      'a.hcl line 1, column 8: Missing item separator. Expected a comma to mark the beginning of the next item',
    )
    expect((await failure('a = 1\na = 2')).message).toContain('already set at a.hcl:1,1-2')
  })

  test.each([
    ['a = var.x', 5],
    ['a = upper("x")', 5],
    ['a = 1 + 2', 5],
    [`a = "x-$\{b}"`, 6],
    ['a = "%{ if b }x%{ endif }"', 6],
  ])('%j is refused, because it is no plain value', async (text, column) => {
    const error = await failure(text)
    expect(error).toMatchObject({
      name: 'HclSyntaxError',
      line: 1,
      column,
      reason: 'Expression not allowed. Only plain values can stand in "a"',
    })
  })

  test('a flaw without a position is told without one', async () => {
    const error = await failure('p "a" {}\np {}\n')
    expect(error).toMatchObject({ name: 'HclSyntaxError', line: undefined })
    expect(error.message).toBe('a.hcl: invalid HCL detected for "p" block, cannot have blocks with and without labels')
  })
})

describe('limits', () => {
  test('a text that is too long is refused before it is parsed', async () => {
    await expect(parseHcl('#é', 'a.hcl', { maxBytes: 2 })).rejects.toThrow(new HclLimitError('the text has 3 bytes, the limit is 2'))
    expect(await parseHcl('#é', 'a.hcl', { maxBytes: 3 })).toEqual({})
  })

  test.each(['[', '(', '-', '{a='])('nesting of %j without end is refused, and the next text is read', async (opening) => {
    expect(await failure(`a = ${opening.repeat(100_000)}`)).toBeInstanceOf(HclLimitError)
    expect(await parseHcl('a = 1', 'a.hcl')).toEqual({ a: 1 })
  })

  // stack.md: a runaway parse can only be stopped by ending its thread.
  test('a parse that takes too long is ended, and the texts behind it are read', async () => {
    await parseHcl('', 'a.hcl')
    const slow = parseHcl('b "x" { c = 1 }\n'.repeat(60_000), 'a.hcl', { timeoutMs: 20 })
    const next = parseHcl('a = 1', 'a.hcl', { timeoutMs: 10_000 })
    await expect(slow).rejects.toThrow(new HclLimitError('parsing takes longer than 20 ms'))
    expect(await next).toEqual({ a: 1 })
  })

  // reliability.md P9: an upload must not cost the server its memory. The parser alone would take gigabytes for these.
  test.each([
    ['empty lists', `a = [${'[],'.repeat(340_000)}]`],
    ['blocks', 'b "x" { c = 1 }\n'.repeat(60_000)],
  ])('%s without end cost bounded memory and time, and the next text is read', async (_name, text) => {
    await parseHcl('', 'a.hcl')
    const before = process.memoryUsage.rss()
    let most = 0
    const watching = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss() - before)
    }, 10)
    const startedAt = performance.now()
    const refusal = parseHcl(text, 'a.hcl', { timeoutMs: 60_000 })
    await expect(refusal).rejects.toThrow(new HclLimitError('parsing takes too much memory'))
    clearInterval(watching)
    expect(most).toBeLessThan(400 * 1_048_576)
    expect(performance.now() - startedAt).toBeLessThan(60_000)
    expect(await parseHcl('a = 1', 'a.hcl')).toEqual({ a: 1 })
  })

  test('the parser is handed no file system', async () => {
    const thread = new URL('./hcl-worker.ts', import.meta.url).href
    const script = `import { parentPort } from 'node:worker_threads'; import '${thread}'; parentPort.postMessage(Object.keys(globalThis.fs))`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
      workerData: { parserMemoryBytes: 134_217_728 },
    })
    const heard: unknown[] = []
    for await (const [message] of on(worker, 'message')) if (heard.push(message) === 2) break
    await worker.terminate()
    expect(heard).toEqual([{ ready: true }, ['constants', 'writeSync']])
  })

  test('texts given at once each get their own answer', async () => {
    const numbers = Array.from({ length: 20 }, (_, number) => number)
    const documents = await Promise.all(
      numbers.map((number) => parseHcl(number === 7 ? 'a = ' : `a = ${number}`, 'a.hcl').catch(() => undefined)),
    )
    expect(documents).toEqual(numbers.map((number) => (number === 7 ? undefined : { a: number })))
  })
})
