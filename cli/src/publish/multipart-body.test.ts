import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createMultipartBody, type MultipartPart } from './multipart-body.ts'

/** Reads a body back with the platform's own parser. */
async function parse(parts: readonly MultipartPart[]): Promise<{ form: FormData; length: number; sent: number }> {
  const { contentType, length, chunks } = createMultipartBody(parts)
  const body = Buffer.concat(await collect(chunks))
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData()
  return { form, length, sent: body.length }
}

async function collect(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}

async function fileWith(content: Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-form-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'file'), content)
  return join(folder, 'file')
}

test('fields, bytes and files arrive as they are, and the length is that of the body', async () => {
  const content = Buffer.from(Array.from({ length: 700_000 }, (_, index) => (index * 7 + (index >> 8)) % 256))
  const path = await fileWith(content)
  const { form, length, sent } = await parse([
    { name: 'namespace', value: 'äcme\r\n--x' },
    { name: 'shasums', filename: 'sums', content: Buffer.from('a  b\n') },
    { name: 'file', filename: 'one.zip', path, size: content.length },
    { name: 'file', filename: 'two.zip', path, size: content.length },
  ])
  expect(length).toBe(sent)
  expect(form.get('namespace')).toBe('äcme\r\n--x')
  expect(await (form.get('shasums') as File).text()).toBe('a  b\n')
  const files = form.getAll('file') as File[]
  expect(files.map(({ name }) => name)).toEqual(['one.zip', 'two.zip'])
  for (const file of files) expect(Buffer.from(await file.arrayBuffer()).equals(content)).toBe(true)
})

test('a name cannot end its header', async () => {
  const { form } = await parse([{ name: 'file', filename: 'a"\r\nX-Evil: 1\r\n\r\n.hcl', content: Buffer.from('x') }])
  expect([...form.keys()]).toEqual(['file'])
  expect((form.get('file') as File).name).toMatch(/^a(?:"|%22)/)
})

test.each([
  ['grown', 4],
  ['shrunk', 6],
])('a file that has %s is not sent as if it had not', async (_how, size) => {
  const path = await fileWith(Buffer.from('12345'))
  const { chunks } = createMultipartBody([{ name: 'file', filename: 'x.zip', path, size }])
  await expect(collect(chunks)).rejects.toThrow('the file changed while it was read')
})
