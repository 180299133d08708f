import type { FakeUpstream } from '@terrace/server/testing/fake-upstream/fake-upstream.ts'
import { sha256 } from '../harness/publish-form.ts'
import { UPSTREAM } from '../harness/registry-world.ts'
import { checkPublished, read } from './check-published.ts'
import { type KillModel, keyOf, type PublishedVersion } from './kill-model.ts'
import { MIRRORED_NAME, PLATFORMS, PUBLISHED_NAMES } from './kill-workload.ts'

interface Restarted {
  /** Address of the server. */
  readonly url: string
  readonly upstream: FakeUpstream
  readonly model: KillModel
}

/**
 * Holds a restarted server against the model: everything promised is listed, everything listed is whole. Bytes are read again for
 * what was touched since `sinceCycle`. What turns out to be there, although its publisher never got an answer, is a promise from
 * now on.
 */
export async function checkAfterRestart(restarted: Restarted, sinceCycle: number): Promise<void> {
  for (const name of PUBLISHED_NAMES) await noteProblems(restarted.model, () => checkPublishedProvider(restarted, name, sinceCycle))
  await noteProblems(restarted.model, () => checkMirrored(restarted, sinceCycle))
}

async function noteProblems({ problems }: KillModel, check: () => Promise<void>): Promise<void> {
  try {
    await check()
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  }
}

async function checkPublishedProvider({ url, model }: Restarted, name: string, sinceCycle: number): Promise<void> {
  const listed = await listPublished(url, name)
  const known = [...model.published.values()].filter((item) => item.name === name)
  const invented = [...listed.keys()].find((version) => !model.published.has(keyOf({ name, version })))
  if (invented !== undefined) throw new Error(`corrupt: ${name} ${invented} was never published`)
  for (const item of known) {
    const isThere = isListedWhole(item, listed)
    if (isThere) item.state = 'promised'
    if (isThere && item.touchedIn >= sinceCycle) await checkPublished(url, item)
  }
}

/** @throws naming the breach, when a promised version is missing or a version has only some of its platforms. */
function isListedWhole(item: PublishedVersion, listed: ReadonlyMap<string, readonly string[]>): boolean {
  const platforms = listed.get(item.version)
  if (platforms === undefined && item.state === 'promised') throw new Error(`lost: ${keyOf(item)}`)
  if (platforms === undefined) return false
  if (platforms.length === PLATFORMS.length) return true
  throw new Error(`half visible: ${keyOf(item)} is listed for ${platforms.join()} only`)
}

async function listPublished(url: string, name: string): Promise<Map<string, string[]>> {
  const response = await fetch(`${url}/v1/providers/${name}/versions`)
  if (response.status === 404) return new Map()
  const { versions } = (await response.json()) as { versions: { version: string; platforms: { os: string; arch: string }[] }[] }
  return new Map(versions.map(({ version, platforms }) => [version, platforms.map(({ os, arch }) => `${os}_${arch}`)]))
}

async function checkMirrored({ url, upstream }: Restarted, sinceCycle: number): Promise<void> {
  const base = `${url}/v1/mirror/${UPSTREAM}/${MIRRORED_NAME}`
  const response = await fetch(`${base}/index.json`)
  if (response.status === 404) return
  const { versions } = (await response.json()) as { versions: Record<string, object> }
  for (const version of Object.keys(versions)) {
    if (Number(version.split('.')[1]) < sinceCycle) continue
    const { archives } = JSON.parse((await read(`${base}/`, `${version}.json`)).toString()) as Archives
    for (const [platform, { url: link, hashes }] of Object.entries(archives)) {
      const { shasum } = upstream.package(MIRRORED_NAME, version, platform)
      const found = sha256(await read(`${base}/${version}.json`, link))
      if (found !== shasum || !hashes.includes(`zh:${shasum}`)) throw new Error(`corrupt: mirrored ${version} ${platform} has other bytes`)
    }
  }
}

interface Archives {
  readonly archives: Readonly<Record<string, { readonly url: string; readonly hashes: readonly string[] }>>
}
