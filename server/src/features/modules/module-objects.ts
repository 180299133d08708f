import type { ObjectOwner } from '../intake/index.ts'
import { findModuleVersionByStorageKey } from './module-queries.ts'

/** The stored archives, for the sweeper. */
export const moduleArchives: ObjectOwner = {
  prefix: 'modules/',
  isOwned: async (db, key) => (await findModuleVersionByStorageKey(db, key)) !== undefined,
}
