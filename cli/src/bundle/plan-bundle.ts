import type { AnswerOf } from '@terrace/api-client/operations.ts'
import type { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { parseManifest } from '@terrace/protocol/bundle/manifest-text.ts'
import { CliError } from '../cli-error.ts'
import type { Api } from '../connection/api.ts'
import { countOf } from '../output/format-amounts.ts'
import type { Output } from '../output/output.ts'
import { printable } from '../output/printable.ts'
import { describeManifestError, type PlanBody } from './read-selection.ts'

type Plan = AnswerOf<'post', '/api/v1/admin/bundles/plan'>

/** Something that the server does not have. */
export type MissingItem = Plan['missing'][number]

/** A signed manifest as the server gave it. */
export interface PlannedBundle {
  readonly manifest: BundleManifest
  /** The exact bytes that are signed. */
  readonly text: Buffer
  readonly signature: Buffer
  readonly missing: readonly MissingItem[]
}

/** A package may come from far away. */
const FETCH_TIMEOUT_MS = 10 * 60 * 1000
const SHOWN_MISSING = 20

/**
 * Has a bundle planned. What the server can fetch by itself is fetched first.
 * @throws {CliError} naming what is missing and what to do.
 */
export async function planBundle(api: Api, output: Output, body: PlanBody): Promise<PlannedBundle> {
  const action = `create bundle "${body.name}"`
  const ask = (allowMissing: boolean) =>
    api.call('post', '/api/v1/admin/bundles/plan', { action, body: { ...body, allow_missing: allowMissing } })
  let plan = await ask(false)
  // What a module calls is known when it is there, and may have to be fetched then.
  const tried = new Set<string>()
  while (await fetchMissing(api, output, { plan, tried })) plan = await ask(false)
  if (plan.manifest === null && body.allow_missing === true) plan = await ask(true)
  if (plan.manifest === null || plan.signature === null) throw isMissing(body.name, plan.missing)
  for (const line of plan.missing.map(describe)) output.warning(line)
  return { ...read(plan.manifest), signature: Buffer.from(plan.signature, 'base64'), missing: plan.missing }
}

/** Whether anything was tried, each thing once. What fails is missing still, and stops the bundle then. */
async function fetchMissing(
  api: Api,
  output: Output,
  { plan, tried }: { readonly plan: Plan; readonly tried: Set<string> },
): Promise<boolean> {
  const links = plan.missing.flatMap(({ object, fetch_url: link }) => (link === null || tried.has(object) ? [] : [{ object, link }]))
  if (links.length > 0) output.message(`${countOf(links.length, 'file')} first fetched by the server from their upstream`)
  for (const { object, link } of links) {
    tried.add(object)
    output.message(`Fetching ${printable(object)}`)
    await follow(api, output, { object, link })
  }
  return links.length > 0
}

async function follow(api: Api, output: Output, { object, link }: { readonly object: string; readonly link: string }): Promise<void> {
  try {
    await api.follow(link, { action: `fetch "${object}"`, timeoutMs: FETCH_TIMEOUT_MS })
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    output.warning(error.message)
  }
}

function read(text: string): Pick<PlannedBundle, 'manifest' | 'text'> {
  try {
    return { manifest: parseManifest(text), text: Buffer.from(text) }
  } catch (error) {
    throw describeManifestError('the answer of the server', error)
  }
}

function isMissing(name: string, missing: readonly MissingItem[]): CliError {
  const facts = missing.slice(0, SHOWN_MISSING).map((item) => `  ${describe(item)}`)
  if (missing.length > facts.length) facts.push(`  and ${missing.length - facts.length} more`)
  return new CliError(`Cannot create bundle "${name}": ${countOf(missing.length, 'thing')} missing`, {
    facts,
    hint: 'Bring them in first, or make it of what there is with --allow-missing',
  })
}

function describe({ object, state, hint }: MissingItem): string {
  return printable(`${object}: ${state}. ${hint}`)
}
