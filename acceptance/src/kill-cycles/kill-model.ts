/** What was sent and what the server has promised; the truth that a restarted server is held against. */
export interface KillModel {
  /** Versions that somebody has begun to publish, by `namespace/type version`. */
  readonly published: Map<string, PublishedVersion>
  /** Loads that the server has accepted. */
  readonly jobs: AcceptedJob[]
  /** Breaches of a promise, each with its class in front: `lost`, `half visible`, `corrupt`, `hang`, `wrong error`, `leaked`. */
  readonly problems: string[]
}

export interface PublishedVersion {
  /** `namespace/type` */
  readonly name: string
  readonly version: string
  /** Zips by platform. */
  readonly packages: Readonly<Record<string, Buffer>>
  /**
   * `begun`: no answer yet, it may be there or not. `abandoned`: the same, and nobody comes back with it. `promised`: answered with
   * success, or seen by a reader, so it must stay for ever.
   */
  state: 'begun' | 'abandoned' | 'promised'
  /** The last cycle in which something happened to it. */
  touchedIn: number
}

export interface AcceptedJob {
  readonly id: string
  /** `namespace/type` at the upstream. */
  readonly name: string
  readonly versions: readonly string[]
}

/** A model of an empty server. */
export function createKillModel(): KillModel {
  return { published: new Map(), jobs: [], problems: [] }
}

export const keyOf = ({ name, version }: Pick<PublishedVersion, 'name' | 'version'>): string => `${name} ${version}`
