import { createHash } from 'node:crypto'
import { buildProviderZip } from '@terrace/server/testing/zip-writer.ts'
import { HERE } from './current-platform.ts'

/** What a publisher sends: one version of `namespace/type`. */
export interface PublishInput {
  /** `acme/widget` */
  readonly name: string
  readonly version: string
  /** Zips by platform; default: a healthy one for the platform of this machine. */
  readonly packages?: Readonly<Record<string, Uint8Array>>
  /** Plugin protocols, `5.0` by default. */
  readonly protocols?: readonly string[]
  readonly sourceUrl?: string
  readonly shasums?: Uint8Array
  readonly signature?: Uint8Array
  readonly signingKey?: string
}

/** A publish request as multipart form. */
export function publishForm(input: PublishInput): FormData {
  const { name, version, packages = healthyPackages(name, version) } = input
  const [namespace = '', type = ''] = name.split('/')
  const fields = { namespace, type, version, protocols: input.protocols?.join(), source_url: input.sourceUrl }
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) if (value !== undefined) form.set(field, value)
  for (const part of ['shasums', 'signature', 'signingKey'] as const) {
    const bytes = input[part]
    if (bytes !== undefined) form.set(part === 'signingKey' ? 'signing_key' : part, new Blob([bytes as Uint8Array<ArrayBuffer>]), part)
  }
  for (const [platform, zip] of Object.entries(packages)) {
    form.append('file', new Blob([zip as Uint8Array<ArrayBuffer>]), packageFilename(type, version, platform))
  }
  return form
}

/** Zips of a version by platform, each with its own content. */
export function healthyPackages(name: string, version: string, platforms: readonly string[] = [HERE]): Record<string, Buffer> {
  const type = name.split('/')[1] ?? ''
  return Object.fromEntries(
    platforms.map((platform) => [
      platform,
      buildProviderZip({ type, version, content: `#!/bin/sh\necho ${name} ${version} ${platform}\n` }),
    ]),
  )
}

/** SHA256SUMS over the packages, as release tools write it. */
export function shasumsOf(name: string, version: string, packages: Readonly<Record<string, Uint8Array>>): Buffer {
  const type = name.split('/')[1] ?? ''
  const lines = Object.entries(packages).map(([platform, zip]) => `${sha256(zip)}  ${packageFilename(type, version, platform)}\n`)
  return Buffer.from(lines.join(''))
}

/** Name of a package in `dist/` and in SHA256SUMS. */
export const packageFilename = (type: string, version: string, platform: string): string =>
  `terraform-provider-${type}_${version}_${platform}.zip`

/** Lower-case hex. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
