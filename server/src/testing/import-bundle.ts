import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { layOutParts } from '@terrace/protocol/bundle/bundle-parts.ts'
import { packagePath } from '@terrace/protocol/bundle/bundle-paths.ts'
import { formatManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import type { LightMyRequestResponse } from 'fastify'
import { signShasums } from '../features/verification/index.ts'
import { type BundleSigner, buildTestBundle, type TestBundle } from './bundle-fixture.ts'
import { packModule } from './pack-module.ts'
import type { TestApp } from './test-app.ts'

/** Where imports are. */
export const IMPORTS = '/api/v1/admin/imports'

/** What an import does, as the API shows it. */
export interface PlanAnswer {
  readonly id: string
  readonly add: number
  readonly keep: number
  readonly refuse: number
  readonly versions: readonly {
    readonly needs_list: boolean
    readonly packages: readonly { readonly platform: string; readonly state: string; readonly reason: { readonly code: string } | null }[]
  }[]
  readonly modules: readonly { readonly state: string }[]
}

/** A test bundle that a registry can import: with the `h1` of its zips, and a module archive in canonical form. */
export async function importableBundle(app: TestApp, signer?: BundleSigner): Promise<TestBundle> {
  const made = await buildTestBundle(signer === undefined ? {} : { signer })
  const contents = new Map(made.contents)
  const modulePath = [...contents.keys()].find((path) => path.startsWith('modules/')) ?? ''
  contents.set(modulePath, await inFolder((folder) => canonicalModule(app, folder)))
  const unplaced = [...contents].map(([path, bytes]) => ({ path, size: bytes.length, sha256: sha256(bytes), isElsewhere: false }))
  const manifest = structuredClone({ ...made.manifest, ...layOutParts(unplaced, 1_000_000) }) as typeof made.manifest
  for (const provider of manifest.providers) {
    for (const version of provider.versions) {
      for (const item of version.packages) {
        item.h1 = await h1Of(app, provider.type, contents.get(packagePath(provider, version.version, item.platform)))
      }
    }
  }
  return { ...made, manifest, contents }
}

async function h1Of(app: TestApp, type: string, zip: Uint8Array | undefined): Promise<string> {
  return await inFolder(async (folder) => {
    const path = join(folder, 'package.zip')
    await writeFile(path, zip ?? '')
    return (await app.deps.inspector.inspect(path, { type, strict: false, zh: `zh:${sha256(zip ?? Buffer.of())}` })).h1
  })
}

async function canonicalModule(app: TestApp, folder: string): Promise<Buffer> {
  await writeFile(join(folder, 'in'), packModule({ 'main.tf': 'variable "size" {}\n' }))
  await app.deps.archiver.canonicalise(join(folder, 'in'), join(folder, 'out'))
  return await readFile(join(folder, 'out'))
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-bundle-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The body that begins the import of a bundle. */
export async function bundleBody({ manifest, signer }: TestBundle, more: object = {}): Promise<object> {
  const text = formatManifest(manifest)
  const signature = Buffer.from(await signShasums(signer.privateArmor, Buffer.from(text))).toString('base64')
  return { bundle: { manifest: text, signature }, ...more }
}

/** Begins an import as the administrator. */
export async function beginImport(app: TestApp, payload: object): Promise<LightMyRequestResponse> {
  return await app.asAdmin({ method: 'POST', url: IMPORTS, payload })
}

/** The same for what a test only builds on. @throws when it is refused. */
export async function beginNewImport(app: TestApp, payload: object): Promise<PlanAnswer> {
  const response = await beginImport(app, payload)
  if (response.statusCode >= 300) throw new Error(`Not begun: ${response.statusCode} ${response.body}`)
  return response.json<PlanAnswer>()
}

/** Files of a request: packages by file name, SHA256SUMS and its signature under `shasums` and `signature`. */
export type SentFiles = Readonly<Record<string, Uint8Array>>

/** Sends the files of one version. @param url of the version in its import */
export async function sendFiles(app: TestApp, url: string, files: SentFiles): Promise<LightMyRequestResponse> {
  const form = new FormData()
  for (const [name, content] of Object.entries(files)) {
    const part = name === 'shasums' || name === 'signature' ? name : 'file'
    form.append(part, new Blob([content as Uint8Array<ArrayBuffer>]), name)
  }
  const encoded = new Response(form)
  return await app.asAdmin({
    method: 'PUT',
    url,
    headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
    payload: Buffer.from(await encoded.arrayBuffer()),
  })
}

/** The files of the provider in a test bundle, as they are sent. */
export function filesOf({ contents }: TestBundle): SentFiles {
  const files = [...contents].filter(([path]) => path.startsWith('providers/'))
  return Object.fromEntries(files.map(([path, bytes]) => [nameOf(path), bytes]))
}

function nameOf(path: string): string {
  if (path.endsWith('_SHA256SUMS')) return 'shasums'
  return path.endsWith('_SHA256SUMS.sig') ? 'signature' : path.slice(path.lastIndexOf('/') + 1)
}

/** The archive of the module in a test bundle. */
export function moduleOf({ contents }: TestBundle): SentFiles {
  const [entry] = [...contents].filter(([path]) => path.startsWith('modules/'))
  return entry === undefined ? {} : { 'module.tar.gz': entry[1] }
}
