import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/*
 * Faults of the disk (reliability.md F7 to F9), made by the operating system around a child process,
 * `filesystem-store.fault-child.ts`. Tests that need `strace` or mount namespaces are skipped where these are missing.
 */

const CHILD = join(import.meta.dirname, 'filesystem-store.fault-child.ts')
const MEGABYTE = 1 << 20
const LEFT_NOTHING = { files: [], second: { created: true } }

const HAS_STRACE = works('strace -f -o /dev/null true')
const CAN_MOUNT = works('unshare -rm mount -t tmpfs none /tmp')

/** A volume of 2 MB in place of the root, seen by the child only and gone with it. */
const SMALL_VOLUME = `unshare -rm sh -c 'mount -t tmpfs -o size=2m none "$2" && exec "$0" "$@"'`

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'terrace-faults-'))
})
afterEach(() => rm(root, { recursive: true }))

function works(command: string): boolean {
  return spawnSync('sh', ['-c', command]).status === 0
}

/** One thread in the pool, because strace counts calls by thread. */
function store(prefix: string, size: number, mode: 'put' | 'putFile' | 'exhaust' = 'put'): unknown {
  const command = `export UV_THREADPOOL_SIZE=1; ${prefix} "$0" "$@"`
  return JSON.parse(execFileSync('sh', ['-c', command, process.execPath, CHILD, root, String(size), mode], { encoding: 'utf8' }))
}

/** System calls of the name fail with EIO, all of them or only that number. */
function failing(call: string, when?: number): string {
  return `strace -f -qq -o /dev/null -e trace=${call} -e inject=${call}:error=EIO${when === undefined ? '' : `:when=${when}`}`
}

describe('filesystem store on a failing disk', () => {
  test('the child stores an object when nothing fails', () => {
    expect(store('', MEGABYTE)).toEqual({
      first: { created: true, size: MEGABYTE },
      files: ['first.zip'],
      second: { created: true, size: 1 },
    })
  })

  // F8. The kernel stores what fits and fails only the next write, so this also proves that short writes are continued.
  test('a file above the size limit of the process answers STORAGE_FULL and leaves nothing', () => {
    expect(store('ulimit -f 100;', MEGABYTE)).toMatchObject({
      first: { code: 'STORAGE_FULL', message: 'Cannot store "faults/first.zip": the storage is full', hint: expect.stringContaining(root) },
      ...LEFT_NOTHING,
    })
  })

  // F8
  test('too many open files answer STORAGE_UNAVAILABLE and leave nothing', () => {
    expect(store('ulimit -n 100;', 1, 'exhaust')).toMatchObject({ first: { code: 'STORAGE_UNAVAILABLE' }, ...LEFT_NOTHING })
  })

  // F7
  test.skipIf(!CAN_MOUNT)('a full volume answers STORAGE_FULL, leaves nothing, and is used again when there is room', () => {
    expect(store(SMALL_VOLUME, 4 * MEGABYTE)).toMatchObject({
      first: { code: 'STORAGE_FULL', hint: expect.stringContaining('at least 4 MB') },
      ...LEFT_NOTHING,
    })
  })

  // The file lies on another volume, so it is copied, and the copy does not fit.
  test.skipIf(!CAN_MOUNT)('putFile to a full volume answers STORAGE_FULL and leaves nothing', () => {
    expect(store(SMALL_VOLUME, 4 * MEGABYTE, 'putFile')).toMatchObject({ first: { code: 'STORAGE_FULL' }, ...LEFT_NOTHING })
  })

  test.skipIf(!CAN_MOUNT)('putFile from another volume stores a copy', () => {
    expect(store(SMALL_VOLUME, MEGABYTE, 'putFile')).toMatchObject({ first: { created: true, size: MEGABYTE }, files: ['first.zip'] })
  })

  // F9. The first fsync is that of the file, then come its folder, the root, and the folder again for the second object.
  test.skipIf(!HAS_STRACE).each([1, 2, 3])('a failing fsync number %i answers STORAGE_ERROR, not published', (when) => {
    expect(store(failing('fsync', when), 1000)).toMatchObject({
      first: { code: 'STORAGE_ERROR', message: 'Cannot store "faults/first.zip": storage I/O error EIO' },
      ...LEFT_NOTHING,
    })
  })

  // F9
  test.skipIf(!HAS_STRACE)('a failing link answers STORAGE_ERROR, not published', () => {
    expect(store(failing('link,linkat'), 1000)).toMatchObject({ first: { code: 'STORAGE_ERROR' }, files: [] })
  })
})
