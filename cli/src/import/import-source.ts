import type { BodyOf } from '@terrace/api-client/operations.ts'
import type { MultipartPart } from '../publish/multipart-body.ts'

/** A file that can be sent: as a whole, or as a piece of a larger one. */
export interface SourceFile {
  readonly path: string
  /** First byte; a file of its own begins at 0. */
  readonly start: number
  /** Bytes. */
  readonly size: number
}

/** Something that can be imported, as it lies on this machine. */
export interface ImportSource {
  /** For messages. */
  readonly name: string
  /** What it has, as the server wants to know it. */
  readonly listing: Pick<BodyOf<'post', '/api/v1/admin/imports'>, 'bundle' | 'directory'>
  /** The file with this name of a version, or the archive of a module: `HOST/NAMESPACE/TYPE VERSION/FILENAME`, `HOST/NAMESPACE/NAME/SYSTEM VERSION`. */
  fileOf(key: string): SourceFile | undefined
}

/** Where a file of a provider version is found. */
export function providerFileKey(
  { hostname, namespace, type, version }: { hostname: string; namespace: string; type: string; version: string },
  filename: string,
): string {
  return `${hostname}/${namespace}/${type} ${version}/${filename}`
}

interface ModuleVersionName {
  /** Of the registry that it was published at. */
  readonly hostname: string
  readonly namespace: string
  readonly name: string
  readonly system: string
  readonly version: string
}

/** Where the archive of a module version is found. */
export function moduleFileKey({ hostname, namespace, name, system, version }: ModuleVersionName): string {
  return `${hostname}/${namespace}/${name}/${system} ${version}`.toLowerCase()
}

/** A part of a form; read while it is sent. */
export type SentPart = Extract<MultipartPart, { readonly read: unknown }>
