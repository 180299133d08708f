import type { Db } from './dialect.ts'

/**
 * One change of the schema, with its way back. Code of the release before must work on the schema after `up`: replicas are replaced
 * one by one (reliability.md P10).
 */
export interface Migration {
  /** 1, 2, 3, … */
  readonly number: number
  readonly name: string
  up(db: Db): Promise<void>
  down(db: Db): Promise<void>
}
