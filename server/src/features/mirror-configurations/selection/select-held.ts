import { parsePlatform } from '@terrace/protocol/platforms.ts'
import type { MirrorSettings } from '../mirror-settings.ts'
import { type Candidate, listCandidates } from './list-candidates.ts'

/** A version that is held, with its packages. */
interface HeldVersion {
  readonly version: string
  readonly packages: readonly { readonly os: string; readonly arch: string }[]
}

/** What a run of the mirror would choose if its upstream offered only what is held; newest first. */
export function selectHeld(settings: MirrorSettings, held: readonly HeldVersion[]): Candidate[] {
  const offered = held.map(({ version, packages }) => ({
    version,
    protocols: [],
    platforms: packages.flatMap(({ os, arch }) => parsePlatform(`${os}_${arch}`) ?? []),
  }))
  return listCandidates(settings, offered).slice(0, settings.keepNewest ?? Number.POSITIVE_INFINITY)
}
