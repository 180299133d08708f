import { RegistryError } from '../errors.ts'

/** What was being done when the disk said no. */
export interface DiskAction {
  /** `store`, `read`, `delete`, `list`, …; ends up in "Cannot store …". */
  readonly verb: string
  /** Key of the object, or the prefix. */
  readonly key: string
  /** Folder whose volume is meant. */
  readonly root: string
  /** Bytes that are at least needed, where that is known. */
  readonly neededBytes?: number
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])
const MEBIBYTE = 1 << 20

/** The `code` of a system error; `undefined` for anything else. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/**
 * Turns what Node throws for a file into one of STORAGE_FULL, STORAGE_UNAVAILABLE and STORAGE_ERROR. Errors without a system
 * code (our own, defects) come back as they are.
 */
export function storageError(cause: unknown, action: DiskAction): unknown {
  const code = errnoOf(cause)
  if (code === undefined || cause instanceof RegistryError || cause instanceof TypeError || cause instanceof RangeError) return cause
  const what = `Cannot ${action.verb} "${action.key}"`
  if (FULL.has(code)) {
    const megabytes = Math.max(1, Math.ceil((action.neededBytes ?? 0) / MEBIBYTE))
    return new RegistryError('STORAGE_FULL', `${what}: the storage is full`, {
      hint: `Make room for at least ${megabytes} MB on the volume of "${action.root}" and try again`,
      cause,
    })
  }
  if (EXHAUSTED.has(code)) {
    const hint = 'Try again; if it goes on, raise the limit of open files of the server (ulimit -n)'
    return new RegistryError('STORAGE_UNAVAILABLE', `${what}: the server has too many files open`, { hint, retryAfterSeconds: 1, cause })
  }
  const hint = `See the log for the cause, and check the volume and the owner of "${action.root}"`
  return new RegistryError('STORAGE_ERROR', `${what}: storage I/O error ${code}`, { hint, cause })
}

/** Awaits disk work and translates its failure with `storageError`. */
export async function onDisk<T>(action: DiskAction, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw storageError(error, action)
  }
}
