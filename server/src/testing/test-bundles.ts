import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { parseManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import type { LightMyRequestResponse } from 'fastify'
import { openManifest } from '../features/bundle-files/index.ts'
import type { TestApp } from './test-app.ts'

/** Something that a plan misses. */
export interface MissingAnswer {
  readonly object: string
  readonly state: string
  readonly hint: string
  readonly fetch_url: string | null
}

/** A plan as the API answers it. */
export interface PlanAnswer {
  readonly manifest: string | null
  readonly signature: string | null
  readonly missing: readonly MissingAnswer[]
}

/** Where an object is, as the API answers it. */
export interface ObjectAnswer {
  readonly path: string
  readonly url: string | null
  readonly content: string | null
}

/** Asks for a plan as the administrator. */
export function askPlan(app: TestApp, body: object): Promise<LightMyRequestResponse> {
  return app.asAdmin({ method: 'POST', url: '/api/v1/admin/bundles/plan', payload: { name: 'site-a', ...body } })
}

/** The same for what must be signed; its signature is verified. @throws when it is not. */
export async function signedPlan(app: TestApp, body: object): Promise<BundleManifest> {
  const response = await askPlan(app, body)
  const { manifest, signature, missing } = response.json<PlanAnswer>()
  if (manifest === null || signature === null) throw new Error(`Not signed: ${response.body} ${JSON.stringify(missing)}`)
  const text = Buffer.from(manifest)
  await openManifest({ text, signature: Buffer.from(signature, 'base64'), pinned: undefined, now: Date.now() })
  return parseManifest(manifest)
}

/** What a plan misses. */
export async function missingOf(app: TestApp, body: object): Promise<readonly MissingAnswer[]> {
  const answer = (await askPlan(app, body)).json<PlanAnswer>()
  if (answer.manifest !== null) throw new Error('Nothing is missing')
  return answer.missing
}

/** Asks where objects are, as the administrator. */
export function askLinks(app: TestApp, paths: readonly string[]): Promise<LightMyRequestResponse> {
  return app.asAdmin({ method: 'POST', url: '/api/v1/admin/bundles/links', payload: { paths } })
}
