import type { UnixMs } from '../../base/clock.ts'
import type { Db } from '../../base/database/open-database.ts'
import {
  listForeignRoles,
  listKeysOfDisabled,
  listKeysOfDisabledRules,
  listKeysOfOutsiders,
  listLoginCodesOfDisabled,
  listRolesOfDisabled,
  listSessionsOfDisabled,
  type OrphanRow,
} from './orphan-queries.ts'

/** Rights of one kind that nobody should have. */
export interface OrphanKind {
  /** For people: `session of a disabled user`. */
  readonly kind: string
  readonly count: number
  /** Some of them. */
  readonly examples: readonly string[]
}

/** What was found; kinds of which there is nothing are left out. */
export interface OrphanPrivileges {
  /** Nothing in the product leaves these: they are a defect, or somebody changed the database. */
  readonly live: readonly OrphanKind[]
  /** They count for nothing now, and again when their owner is enabled or becomes a member. */
  readonly dormant: readonly OrphanKind[]
}

const MAX_EXAMPLES = 20

/** Looks for rights that outlive their reason. */
export async function findOrphanPrivileges(db: Db, now: UnixMs): Promise<OrphanPrivileges> {
  const [live, dormant] = await Promise.all([
    collect([
      ['session of a disabled user', listSessionsOfDisabled(db, now)],
      ['login code of a disabled user', listLoginCodesOfDisabled(db, now)],
      ['key of a disabled trust rule', listKeysOfDisabledRules(db, now)],
      ['role of another organisation', listForeignRoles(db)],
    ]),
    collect([
      ['key of a disabled user', listKeysOfDisabled(db, now)],
      ['role of a disabled user', listRolesOfDisabled(db)],
      ['key for an organisation that its owner has left', listKeysOfOutsiders(db, now)],
    ]),
  ])
  return { live, dormant }
}

async function collect(kinds: readonly (readonly [kind: string, rows: Promise<OrphanRow[]>])[]): Promise<OrphanKind[]> {
  const found = await Promise.all(kinds.map(async ([kind, rows]) => ({ kind, rows: await rows })))
  return found.flatMap(({ kind, rows }) => {
    const examples = [...new Set(rows.map(({ object }) => object))].slice(0, MAX_EXAMPLES)
    return rows.length === 0 ? [] : [{ kind, count: rows.length, examples }]
  })
}

/** One line: `2 × session of a disabled user (ada, mia)`. */
export function describeOrphans(kinds: readonly OrphanKind[]): string {
  return kinds.map(({ kind, count, examples }) => `${count} × ${kind} (${examples.join(', ')})`).join('; ')
}
