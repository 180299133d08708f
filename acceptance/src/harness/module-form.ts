import { packModule } from '@terrace/server/testing/pack-module.ts'

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
  form.set('file', new Blob([packModule(files) as Uint8Array<ArrayBuffer>]), 'module.tar.gz')
  return form
}
