import { paddingAfter, TAR_END, tarHeaders } from '../tar-headers.ts'
import type { BundleObject } from './bundle-manifest.ts'

/** No part is larger by default: what a FAT file system can hold, with room to spare. Bytes. */
export const DEFAULT_PART_BYTES = 4_000_000_000
/** Parts of a bundle; their numbers have three digits. */
export const MAX_PARTS = 999

/** One part. */
export interface PartLayout {
  /** From 1. */
  readonly number: number
  /** Bytes of the file. */
  readonly size: number
}

/** Objects with their parts, in the order in which parts hold them. */
export interface BundleLayout {
  readonly objects: readonly BundleObject[]
  readonly parts: readonly PartLayout[]
}

/** An object without its place. `isElsewhere`: an earlier bundle has it. */
export type UnplacedObject = Pick<BundleObject, 'path' | 'size' | 'sha256'> & { readonly isElsewhere: boolean }

/**
 * Gives each object its part: by path, as many as fit into `maxBytes`, then the next part. The same objects get the same parts.
 * An object that fits into no part gets one of its own, which is then larger; the caller refuses that if it may not be.
 */
export function layOutParts(objects: readonly UnplacedObject[], maxBytes: number): BundleLayout {
  const placed: BundleObject[] = []
  const sizes: number[] = []
  for (const { isElsewhere, path, size, sha256 } of objects.toSorted(byPath)) {
    const bytes = entryBytes({ path, size })
    const last = sizes.at(-1)
    if (!isElsewhere && (last === undefined || last + bytes > maxBytes)) sizes.push(TAR_END.length)
    if (!isElsewhere) sizes.push((sizes.pop() ?? 0) + bytes)
    placed.push({ path, size, sha256, part: isElsewhere ? null : sizes.length })
  }
  return { objects: placed, parts: sizes.map((size, index) => ({ number: index + 1, size })) }
}

/** Bytes of a part that holds these objects. */
export function partBytes(objects: readonly Pick<BundleObject, 'path' | 'size'>[]): number {
  return objects.reduce((sum, object) => sum + entryBytes(object), TAR_END.length)
}

/** The bytes in front of an object in its part. */
export function objectHeaders({ path, size }: Pick<BundleObject, 'path' | 'size'>): Uint8Array {
  return tarHeaders({ path, size, executable: false })
}

/** Bytes that an object takes in its part: headers, content, padding. */
export function entryBytes(object: Pick<BundleObject, 'path' | 'size'>): number {
  return objectHeaders(object).length + object.size + paddingAfter(object.size).length
}

/** Order of the objects of a manifest: by the code units of their paths. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
}
