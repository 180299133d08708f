import { createHash } from 'node:crypto'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import type { TestApp } from './test-app.ts'
import { buildProviderZip } from './zip-writer.ts'

/** What a publisher sends; every field has a healthy default. */
export interface PublishInput {
  /** `acme/widget` by default. */
  readonly name?: string
  /** `1.0.0` by default. */
  readonly version?: string
  /** Zips by platform; default: a healthy one for `linux_amd64`. */
  readonly packages?: Readonly<Record<string, Uint8Array>>
  /** Further text fields, or others in place of the usual ones. */
  readonly fields?: Readonly<Record<string, string>>
  /** Further file parts by part name. */
  readonly documents?: Readonly<Record<string, Uint8Array | string>>
}

/** What the route answers when it published. */
export interface PublishAnswer {
  readonly version: string
  readonly signed_by: string
  readonly signing_key: string
  readonly platforms: readonly { readonly platform: string; readonly filename: string; readonly zh: string; readonly created: boolean }[]
}

/** The request without a credential. */
export async function publishRequest(input: PublishInput = {}): Promise<InjectOptions> {
  const { name = 'acme/widget', version = '1.0.0', fields = {}, documents = {} } = input
  const [namespace = '', type = ''] = name.split('/')
  const { packages = packagesOf({ type, version }) } = input
  const form = new FormData()
  for (const [field, value] of Object.entries({ namespace, type, version, ...fields })) form.set(field, value)
  for (const [part, content] of Object.entries(documents)) form.set(part, blob(content), part)
  for (const [platform, zip] of Object.entries(packages)) form.append('file', blob(zip), packageFilename(type, version, platform))
  const encoded = new Response(form)
  return {
    method: 'POST',
    url: '/api/v1/providers',
    headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
    payload: Buffer.from(await encoded.arrayBuffer()),
  }
}

/** Publishes as the administrator. */
export async function publish(app: TestApp, input: PublishInput = {}): Promise<LightMyRequestResponse> {
  return app.asAdmin(await publishRequest(input))
}

/** The same for what a test only builds on. @throws when it is not new. */
export async function publishNew(app: TestApp, input: PublishInput = {}): Promise<PublishAnswer> {
  const response = await publish(app, input)
  if (response.statusCode !== 201) throw new Error(`Not published: ${response.statusCode} ${response.body}`)
  return response.json<PublishAnswer>()
}

/** Healthy zips by platform, each with its own content. */
export function packagesOf(
  { type, version = '1.0.0', content = '' }: { readonly type: string; readonly version?: string; readonly content?: string },
  platforms: readonly string[] = ['linux_amd64'],
): Record<string, Buffer> {
  return Object.fromEntries(
    platforms.map((platform) => [
      platform,
      buildProviderZip({ type, version, content: `#!/bin/sh\necho ${version} ${platform} ${content}\n` }),
    ]),
  )
}

/** SHA256SUMS over the packages of a version, as release tools write it. */
export function shasumsOf(type: string, version: string, packages: Readonly<Record<string, Uint8Array>>): Buffer {
  const lines = Object.entries(packages).map(([platform, zip]) => `${sha256(zip)}  ${packageFilename(type, version, platform)}\n`)
  return Buffer.from(lines.join(''))
}

/** Lower-case hex. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const packageFilename = (type: string, version: string, platform: string) => `terraform-provider-${type}_${version}_${platform}.zip`

const blob = (content: Uint8Array | string) => new Blob([content as Uint8Array<ArrayBuffer> | string])
