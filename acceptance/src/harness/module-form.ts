import { gzipSync } from 'node:zlib'

/** What a module's publisher sends. */
export interface ModuleInput {
  /** `acme/net/aws` */
  readonly address: string
  readonly version: string
  readonly files: Readonly<Record<string, string>>
  readonly description?: string
  readonly source?: string
}

/** A publish request as multipart form. */
export function moduleForm({ address, version, files, description, source }: ModuleInput): FormData {
  const [namespace = '', name = '', system = ''] = address.split('/')
  const form = new FormData()
  for (const [field, value] of Object.entries({ namespace, name, system, version, description, source })) {
    if (value !== undefined) form.set(field, value)
  }
  form.set('file', new Blob([tarGz(files) as Uint8Array<ArrayBuffer>]), 'module.tar.gz')
  return form
}

const BLOCK = 512

/** A gzip-compressed ustar archive of regular files. */
export function tarGz(files: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text)
    return [header(path, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]
  })
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]))
}

function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, offset: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, length, 'latin1')
  block.write(path, 0, 100, 'utf8')
  octal(0o644, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.write('        0', 148, 'latin1')
  block.write('ustar\u000000', 257, 'latin1')
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  )
  return block
}
