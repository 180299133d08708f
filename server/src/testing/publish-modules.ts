import { createHash } from 'node:crypto'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { packModule } from './pack-module.ts'
import type { TestApp } from './test-app.ts'

/** What a module's publisher sends; every field has a healthy default. */
export interface ModulePublish {
  /** `acme/net/aws` by default. */
  readonly address?: string
  /** `1.0.0` by default. */
  readonly version?: string
  readonly files?: Readonly<Record<string, string>>
  /** In place of the packed files. */
  readonly archive?: Uint8Array
  /** Further text fields, or others in place of the usual ones. */
  readonly fields?: Readonly<Record<string, string>>
}

/** What the route answers when it published. */
export interface PublishedModule {
  readonly version: string
  readonly sha256: string
  readonly content_sha256: string
  readonly size: number
}

/** The request without a credential. */
export async function modulePublishRequest(input: ModulePublish = {}): Promise<InjectOptions> {
  const { address = 'acme/net/aws', version = '1.0.0', files = { 'main.tf': `# ${input.version}\n` }, fields = {} } = input
  const [namespace = '', name = '', system = ''] = address.split('/')
  const form = new FormData()
  for (const [field, value] of Object.entries({ namespace, name, system, version, ...fields })) form.set(field, value)
  form.set('file', new Blob([(input.archive ?? packModule(files)) as Uint8Array<ArrayBuffer>]), 'module.tar.gz')
  const encoded = new Response(form)
  return {
    method: 'POST',
    url: '/api/v1/modules',
    headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
    payload: Buffer.from(await encoded.arrayBuffer()),
  }
}

/** Publishes as the administrator. */
export async function publishModule(app: TestApp, input: ModulePublish = {}): Promise<LightMyRequestResponse> {
  return app.asAdmin(await modulePublishRequest(input))
}

/** The same for what a test only builds on. @throws when it is not new. */
export async function publishNewModule(app: TestApp, input: ModulePublish = {}): Promise<PublishedModule> {
  const response = await publishModule(app, input)
  if (response.statusCode !== 201) throw new Error(`Not published: ${response.statusCode} ${response.body}`)
  return response.json<PublishedModule>()
}

/** Follows the signed link of a version: status, and digest (hex) of what came. */
export async function downloadModule(
  app: TestApp,
  address: string,
  version: string,
): Promise<{ readonly status: number; readonly sha256: string }> {
  const answer = await app.request(`/v1/modules/${address}/${version}/download`)
  const link = String(answer.headers['x-terraform-get'])
  if (answer.statusCode !== 204) return { status: answer.statusCode, sha256: '' }
  const { statusCode, rawPayload } = await app.request(new URL(link, 'http://localhost').href)
  return { status: statusCode, sha256: createHash('sha256').update(rawPayload).digest('hex') }
}
