import type { Deps } from '../../base/deps.ts'
import type { ModuleAnalyser } from '../module-analysis/index.ts'
import type { ModuleArchiver } from '../module-archives/index.ts'
import type { DownloadCounter } from './downloads/count-downloads.ts'
import type { ModuleCatalog } from './module-catalog.ts'

/** What the module registry needs besides the base. */
export interface ModulesDeps extends Deps {
  readonly archiver: ModuleArchiver
  readonly analyser: ModuleAnalyser
  readonly modules: ModuleCatalog
  readonly downloads: DownloadCounter
}
