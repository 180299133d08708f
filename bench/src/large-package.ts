import { readFileSync } from 'node:fs'
import { constants, crc32, deflateRawSync } from 'node:zlib'
import { buildZip } from '@terrace/server/testing/zip-writer.ts'
import { findBinary } from '../../acceptance/src/harness/required-binaries.ts'

const SLICE_BYTES = 4 * 1024 * 1024
const SLICES = 16
/** An empty block that says it is the last one. Source: RFC 1951, 3.2.3 */
const FINAL_BLOCK = Buffer.from([3, 0])

interface Slice {
  readonly content: Buffer
  /** Whole deflate blocks that refer to nothing before them, so that they can be put together in any order. */
  readonly deflated: Buffer
}

let slices: Slice[] | undefined

/** Machine code, as a provider is: `terraform` itself when it is here, which like a provider is written in Go, else Node. */
function machineCode(): Slice[] {
  const code = readFileSync(findBinary('terraform') ?? process.execPath)
  return Array.from({ length: SLICES }, (_, index) => {
    const content = code.subarray(index * SLICE_BYTES, (index + 1) * SLICE_BYTES)
    return { content, deflated: deflateRawSync(content, { finishFlush: constants.Z_FULL_FLUSH }) }
  })
}

/** What to build. */
export interface LargePackage {
  readonly type: string
  readonly version: string
  /** Size of the zip, reached to within two percent or the size of a slice. */
  readonly bytes: number
  /** Packages with different seeds have different content. */
  readonly seed: number
}

/**
 * A healthy provider package that compresses like real ones. Quick to make however large it is: a few pieces of machine code are
 * deflated once per process and then put together anew.
 */
export function buildLargePackage({ type, version, bytes, seed }: LargePackage): Buffer {
  slices ??= machineCode()
  const parts: Buffer[] = []
  let [size, compressedSize, checksum] = [0, 0, 0]
  for (let index = seed; compressedSize < bytes; index++) {
    const slice = slices[index % slices.length]
    if (slice === undefined) throw new RangeError(`Not a seed: ${seed}`)
    parts.push(slice.deflated)
    size += slice.content.length
    compressedSize += slice.deflated.length
    checksum = crc32(slice.content, checksum)
  }
  const raw = { methodNumber: 8, crc32: checksum, uncompressedSize: size, data: Buffer.concat([...parts, FINAL_BLOCK]) }
  return buildZip([
    { name: 'LICENSE', content: `Seed ${seed}\n`, mode: 0o100644 },
    { name: `terraform-provider-${type}_v${version}`, raw },
  ])
}
