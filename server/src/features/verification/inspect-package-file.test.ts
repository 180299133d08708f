import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import yauzl from 'yauzl'
import { buildZip, type ZipEntry } from '../../testing/zip-writer.ts'
import { type Inspection, inspectPackageFile, type PackageFile } from './inspect-package-file.ts'
import { DEFAULT_PACKAGE_LIMITS } from './package-rules.ts'

const folder = mkdtempSync(join(tmpdir(), 'inspect-package-'))
afterAll(() => rmSync(folder, { recursive: true }))

const BINARY: ZipEntry = { name: 'terraform-provider-foo_v1.0.0', content: '#!/bin/sh\necho fake foo 1.0.0\n', method: 'deflated' }
const LICENSE: ZipEntry = { name: 'LICENSE', content: 'MIT\n', mode: 0o100644 }

function inspect(zip: Uint8Array, options: Partial<PackageFile> = {}): Promise<Inspection> {
  const path = join(folder, 'package.zip')
  writeFileSync(path, zip)
  return inspectPackageFile({ path, type: 'foo', strict: true, ...options }, DEFAULT_PACKAGE_LIMITS)
}

describe('inspecting a sound package', () => {
  // protocol.md 4.8, worked example 1: equal to what terraform wrote into its lock file (F07).
  test('the h1 of a zip with two files is the one terraform computes', async () => {
    const zip = buildZip([BINARY, LICENSE])
    expect(await inspect(zip)).toEqual({
      accepted: {
        h1: 'h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs=',
        zh: `zh:${createHash('sha256').update(zip).digest('hex')}`,
        size: zip.length,
        binaryName: 'terraform-provider-foo_v1.0.0',
        entries: 2,
        problems: [],
      },
    })
  })

  // protocol.md 4.8, worked example 2 (F08): folder entries count, as in the VERSION.json that terraform providers mirror writes.
  test('folder entries of a mirrored zip count in its h1 and are noted', async () => {
    const zip = buildZip([BINARY, LICENSE, { name: 'docs/' }, { name: 'docs/a.txt', content: 'a' }])
    expect(await inspect(zip, { strict: false })).toMatchObject({
      accepted: { h1: 'h1:Iz3KxK/xM/u6yb1B78Ej0WETFRErn/9vyGeP5g5U0aI=', problems: [{ rule: 'folder_entry', entry: 'docs/' }] },
    })
  })

  // protocol.md F09, F10: order in the zip, modes and compression do not matter; names are sorted by bytes.
  test('the h1 does not depend on order, mode or compression', async () => {
    const others = ['a.txt', 'é.txt', 'Z.txt', 'Z/x', 'B.txt'].map((name) => ({ name, content: name }))
    const one = await inspect(buildZip([BINARY, ...others]))
    const reversed = others.toReversed().map((entry) => ({ ...entry, method: 'deflated' as const, mode: 0o100600 }))
    const other = await inspect(buildZip([...reversed, { ...BINARY, method: 'stored' }]))
    expect(other).toMatchObject({ accepted: { h1: 'accepted' in one && one.accepted.h1 } })
  })

  // Go's dirhash opens entries by name and so hashes the later one twice (protocol.md 4.8, step 4).
  test('of two entries with one name the later content counts for both lines of the h1', async () => {
    const mirrored = { strict: false }
    const twice = await inspect(buildZip([BINARY, { ...LICENSE, content: 'old' }, LICENSE]), mirrored)
    const same = await inspect(buildZip([BINARY, LICENSE, LICENSE]), mirrored)
    expect(twice).toMatchObject({ accepted: { h1: 'accepted' in same && same.accepted.h1, problems: [{ rule: 'duplicate_name' }] } })
  })

  test('a hash the caller knows already is taken over', async () => {
    const zh = `zh:${'0'.repeat(64)}`
    expect(await inspect(buildZip([BINARY, LICENSE]), { zh })).toMatchObject({
      accepted: { zh, h1: 'h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs=' },
    })
  })

  // Go's zip writer, and so goreleaser, writes sizes and CRC behind the data.
  test.each([true, false])('data descriptors are understood (with signature: %s)', async (signature) => {
    const inspection = await inspect(buildZip([withDescriptor(BINARY, { signature }), LICENSE]))
    expect(inspection).toMatchObject({ accepted: { h1: 'h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs=' } })
  })

  test.each([
    ['terraform-provider-foo', true],
    ['terraform-provider-foo.exe', true],
    ['terraform-provider-foo_v1.0.0_x5', true],
    ['terraform-provider-food', false],
    ['terraform-provider-fo', false],
    ['Terraform-Provider-Foo', false],
    ['bin/terraform-provider-foo', false],
  ])('%s is found as the binary: %s', async (name, found) => {
    const inspection = await inspect(buildZip([{ ...BINARY, name }]))
    expect(inspection).toMatchObject(found ? { accepted: { binaryName: name } } : { refused: [{ rule: 'binary_name' }] })
  })

  test('entries larger than any buffer are hashed whole', async () => {
    const content = Buffer.alloc(3 * 1024 ** 2, 'terrace ')
    const stored = await inspect(buildZip([{ ...BINARY, content, method: 'stored' }]))
    const deflated = await inspect(buildZip([{ ...BINARY, content }]))
    expect(deflated).toMatchObject({ accepted: { h1: 'accepted' in stored && stored.accepted.h1 } })
  })
})

// Whatever happens to a byte, a published package is either refused or means the same to us and to another reader.
test('no flipped bit changes the meaning of an accepted package', { timeout: 20_000 }, async () => {
  const zip = buildZip([BINARY, LICENSE])
  const outcomes = { accepted: 0, refused: 0 }
  for (const [index, mask] of [...zip.keys()].flatMap((byte) => [[byte, 0x01] as const, [byte, 0x80] as const])) {
    const flipped = Buffer.from(zip)
    flipped.writeUInt8(flipped.readUInt8(index) ^ mask, index)
    const inspection = await inspect(flipped)
    outcomes['refused' in inspection ? 'refused' : 'accepted']++
    if ('refused' in inspection) continue
    expect(inspection.accepted.h1).toBe('h1:plmZA0wgxzuhGnHL08CtOZxYq/Nr7WEy7AEtgtFdWZs=')
    expect(await listByOtherReader(flipped)).toEqual([BINARY.name, LICENSE.name])
  }
  // Dates and version fields may hold anything; everything else must not.
  expect(outcomes.accepted).toBeGreaterThan(0)
  expect(outcomes.refused).toBeGreaterThan(4 * outcomes.accepted)
})

function withDescriptor(entry: ZipEntry, { signature }: { signature: boolean }): ZipEntry {
  const content = Buffer.from(entry.content ?? '')
  const data = deflateRawSync(content)
  const facts = Buffer.alloc(16)
  for (const [index, value] of [0x08074b50, crc32(content), data.length, content.length].entries()) facts.writeUInt32LE(value, index * 4)
  const raw = {
    data: Buffer.concat([data, facts.subarray(signature ? 0 : 4)]),
    compressedSize: data.length,
    uncompressedSize: content.length,
  }
  return { ...entry, raw: { ...raw, flags: 0x808, localCrc32: 0, localCompressedSize: 0, localUncompressedSize: 0 } }
}

function listByOtherReader(zip: Buffer): Promise<string[]> {
  return new Promise((resolve, reject) => {
    yauzl.fromBuffer(zip, (error, file) => {
      if (error) return reject(error)
      const names: string[] = []
      file.on('entry', (entry: yauzl.Entry) => names.push(entry.fileName))
      file.on('end', () => resolve(names)).on('error', reject)
    })
  })
}
