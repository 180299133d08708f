import type { MirrorDeps } from '../mirror/index.ts'

/** What mirrors need of the server. */
export type MirrorConfigurationDeps = MirrorDeps
