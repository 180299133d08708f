import { createHash } from 'node:crypto'
import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { formatManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Origin } from '../../base/http/edge-types.ts'
import { recordAudit } from '../audit/index.ts'
import { findOwnPublicKey } from './bundle-queries.ts'
import type { BundlesDeps } from './bundles-deps.ts'
import { type BundleShape, composeManifest, type EarlierBundle } from './compose-manifest.ts'
import { collectModules } from './contents/collect-modules.ts'
import { collectProviders } from './contents/collect-providers.ts'
import type { Contents } from './contents/contents.ts'
import type { Asker, MissingItem, Selection } from './selection/wanted.ts'

/** What shall be in a bundle, and how it is written down. */
export interface BundleWish {
  readonly by: Origin
  readonly asker: Asker
  readonly selection: Selection
  readonly name: string
  readonly source: BundleManifest['source']
  readonly maxPartBytes: number
  readonly since: EarlierBundle | undefined
  /** Make it of what there is, whatever is missing. */
  readonly allowMissing: boolean
}

/** A manifest that is signed, or what stands in its way. */
export interface BundlePlan {
  readonly signed: { readonly manifest: BundleManifest; readonly text: string; readonly signature: Uint8Array } | undefined
  readonly missing: readonly MissingItem[]
}

/** More would make manifests that no memory is meant for. */
const MAX_OBJECTS = 100_000
/** Their signed lists are held in memory at once. */
const MAX_VERSIONS = 10_000

/**
 * Makes the manifest of a bundle and signs it. No object is read: all digests are known. Nothing is signed while something is missing.
 * @throws {RegistryError} RULE_BROKEN when it is empty or does not fit into its parts; UPSTREAM_*.
 */
export async function planBundle(deps: BundlesDeps, wish: BundleWish): Promise<BundlePlan> {
  const { asker, selection, allowMissing, name } = wish
  if (selection.providers.length > MAX_VERSIONS) throw tooMuch(name, `${selection.providers.length} provider versions`, MAX_VERSIONS)
  const found = await collectProviders(deps, asker, selection.providers)
  const modules = await collectModules(deps, asker.own, selection.modules)
  const contents: Contents = { ...found, modules: modules.modules, files: [...found.files, ...modules.files] }
  const missing = distinct([...selection.missing, ...found.missing])
  if (missing.length > 0 && !allowMissing) return { signed: undefined, missing }
  if (contents.files.length === 0) throw nothingToCarry(name)
  if (contents.files.length > MAX_OBJECTS) throw tooMuch(name, `${contents.files.length} files`, MAX_OBJECTS)
  const signed = await sign(deps, contents, { ...wish, registry: asker.own, createdAt: deps.clock.now() })
  await record(deps, wish, { signed, missing })
  return { signed, missing }
}

type Signed = NonNullable<BundlePlan['signed']>

async function sign(deps: BundlesDeps, contents: Contents, shape: Omit<BundleShape, 'signingKey'>): Promise<Signed> {
  await deps.registrySigningKey.ensure()
  const own = await findOwnPublicKey(deps.database.db)
  if (own === undefined) throw new Error('The registry signing key vanished after it was made')
  const signingKey = { fingerprint: own.fingerprint, ascii_armor: own.asciiArmor }
  const manifest = composeManifest(contents, { ...shape, signingKey })
  const text = formatManifest(manifest)
  const { signature } = await deps.registrySigningKey.sign(Buffer.from(text))
  return { manifest, text, signature }
}

function record(
  { database, clock }: BundlesDeps,
  { by, name, source }: BundleWish,
  plan: { signed: Signed; missing: readonly MissingItem[] },
) {
  const { manifest, text } = plan.signed
  const details = {
    source,
    sha256: createHash('sha256').update(text).digest('hex'),
    objects: manifest.objects.length,
    bytes: manifest.parts.reduce((sum, { size }) => sum + size, 0),
    parts: manifest.parts.length,
    missing: plan.missing.length,
  }
  return database.db
    .transaction()
    .execute((tx) => recordAudit(tx, { origin: by, at: clock.now(), action: 'bundle.create', object: name, details }))
}

/** By object, each once. */
function distinct(items: readonly MissingItem[]): MissingItem[] {
  return [...new Map(items.map((item) => [item.object, item])).values()].sort((a, b) => (a.object < b.object ? -1 : 1))
}

function nothingToCarry(name: string): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot create bundle "${name}": there is nothing to put into it`, {
    hint: 'Choose something that this registry holds',
  })
}

function tooMuch(name: string, what: string, limit: number): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot create bundle "${name}": it would have ${what}`, {
    hint: `The limit is ${limit}: choose fewer versions or platforms`,
  })
}
