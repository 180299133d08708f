import type { MirrorDeps } from '../mirror/index.ts'
import type { ModulesDeps } from '../modules/index.ts'
import type { PublishingDeps } from '../publishing/index.ts'

/** What imports need of the server. */
export interface ImportDeps extends MirrorDeps, ModulesDeps, PublishingDeps {}
